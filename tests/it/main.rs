//! What the program promises, one module a promise. One binary, because each further one links over 100 MB.

mod architecture;
