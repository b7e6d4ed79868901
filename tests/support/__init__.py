"""Things tests share: a scripted local server."""
