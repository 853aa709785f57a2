"""What is kept and for how long: what has had its time, what a person wants forgotten, and the copy of it all."""
