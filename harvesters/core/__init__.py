"""The engine: days, HTTP, archive, manifest, encoding, destinations and the verdict; nothing of any vendor."""
