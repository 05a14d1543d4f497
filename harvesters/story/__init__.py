"""What happened in a call, or to a person: from documents to sentences, lines and JSON. Pure: nothing is read here."""
