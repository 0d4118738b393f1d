"""One training loop, used for the supernet and for stand-alone networks."""
