"""What is heard on a telephone line: speech, tones and music, and how well they are told apart."""
