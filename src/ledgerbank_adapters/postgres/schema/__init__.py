"""The tables, by area, as the migrations make them."""
