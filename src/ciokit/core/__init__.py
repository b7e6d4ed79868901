"""The engine under every client: declarations, flows, limits, senders; no vendor noun lives here."""
