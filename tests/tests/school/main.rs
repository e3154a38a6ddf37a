//! The whole school, driven from outside through its gateway, on the stack that the environment names.

mod bad_input;
mod first_walk;
mod promises;
