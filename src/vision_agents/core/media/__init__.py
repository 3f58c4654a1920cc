"""Local media files, opened safely."""
