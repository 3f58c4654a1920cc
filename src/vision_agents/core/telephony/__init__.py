"""What a telephone line needs beside speech."""
