//! The whole school, driven from outside through its gateway, on the stack that the environment names.

#[path = "../../src/story/answers.rs"]
mod answers;
mod bad_input;
mod bad_learning;
mod bad_payment;
mod bad_states;
mod desk;
mod first_walk;
mod mailed_links;
mod partner_process;
mod photographs;
#[path = "../../../crates/personal-data/tests/it/plans.rs"]
mod plans;
mod promises;
mod quiet;
