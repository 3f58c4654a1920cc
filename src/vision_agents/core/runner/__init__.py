"""Running an agent: from the command line today, over HTTP in a later release."""
