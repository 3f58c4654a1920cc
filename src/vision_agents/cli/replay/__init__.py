"""`vision-agents replay`: decide a recorded conversation again, and show where each turn's time went."""
