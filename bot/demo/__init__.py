"""The sandbox on stage: scripts of a conversation, and the interactive demo."""
