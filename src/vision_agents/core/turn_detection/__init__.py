"""Port: has the speaker finished?"""
