"""Export: a trained network in other programs' formats."""
