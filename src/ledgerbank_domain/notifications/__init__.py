"""The letters that users get, as pure functions of what they tell; sending them is for ports."""
