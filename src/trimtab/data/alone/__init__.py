"""Steps outside a chain, as scikit-learn and imbalanced-learn know them: see `trimtab.data.steps`."""
