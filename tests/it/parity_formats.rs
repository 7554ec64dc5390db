//! Files and data preparation against the references (fixtures i, l and g; issue "3", item 4).
