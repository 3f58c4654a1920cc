"""One module per framework: the shared stubs, written against that framework's own ports."""
