//! The data map and the database say the same, and nothing beyond the contract.

use kolsai_learning::Tables;
use personal_data::Holds;

use crate::{
    engines::{Engine, on_both_engines},
    stage::Stage,
};

on_both_engines!(the_live_schema_is_the_declared_one);

async fn the_live_schema_is_the_declared_one(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let holds = Holds::of::<Tables>("learning").and::<events::Tables>();
    assert_eq!(holds.drift(&stage.db).await.unwrap(), Vec::<String>::new());
    assert_eq!(holds.undeclared(), Vec::<String>::new());
}
