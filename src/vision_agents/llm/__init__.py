"""Front doors to language models, by provider."""
