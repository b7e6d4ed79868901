"""What each kind of message does to the world, one module per noun; `applying` finds the one for a message."""
