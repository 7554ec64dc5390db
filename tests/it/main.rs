
mod parity_train;
