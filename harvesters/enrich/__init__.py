"""What is added to a record's people: places and networks of addresses, browsers, the user's own labels."""
