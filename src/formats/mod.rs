//! Files to domain and back: ActivityNet, THUMOS, features, external classifiers.
