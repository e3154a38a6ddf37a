//! The whole school, driven from outside through its gateway, on the stack that the environment names.

#[path = "../../src/story/answers.rs"]
mod answers;
mod bad_input;
mod bad_learning;
mod bad_payment;
mod first_walk;
mod mailed_links;
mod photographs;
mod promises;
