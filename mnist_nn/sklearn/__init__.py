"""The network as a scikit-learn classifier."""
