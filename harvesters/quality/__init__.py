"""What numbers mean: units now; scores, labels and roll-ups have their place here."""
