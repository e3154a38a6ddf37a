//! The data map and the database say the same, and nothing beyond the contract.

use crate::{
    engines::{Engine, on_both_engines},
    stage::Stage,
};

on_both_engines!(the_live_schema_is_the_declared_one);

async fn the_live_schema_is_the_declared_one(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let holds = kolsai_learning::holds();
    assert_eq!(holds.drift(&stage.db).await.unwrap(), Vec::<String>::new());
    assert_eq!(holds.undeclared(), Vec::<String>::new());
}
