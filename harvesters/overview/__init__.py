"""How the calls of some days went: from documents to numbers with their n, and from these to a page. Pure."""
