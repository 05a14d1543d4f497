"""Takes what is older than some days out of archive, lake, dead letters and index, each apart; looks before it does."""
