//! The whole school, driven from outside through its gateway, on the stack that the environment names.

#[path = "../../src/story/answers.rs"]
mod answers;
mod bad_input;
mod bad_learning;
mod bad_payment;
mod bad_states;
mod cache_away;
mod desk;
mod first_walk;
mod mailed_links;
#[path = "../../../crates/cache/tests/it/own_redis.rs"]
mod own_redis;
mod partner_process;
mod photographs;
#[path = "../../../crates/personal-data/tests/it/plans.rs"]
mod plans;
mod promises;
mod quiet;
