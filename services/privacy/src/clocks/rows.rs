//! What happened to clocks: alarms that were raised, due dates that a changed calendar moved.

use foundation::Timestamp;
use personal_data::{PersonalData, schema};

pub mod clock_alarm {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "clock_alarm")]
    #[personal(none = "the random number of a request and how much of its term was over")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(link)]
        pub request: Uuid,
        /// 80 or 100.
        #[personal(measure)]
        pub percent: i32,
        #[personal(time)]
        pub due_at: Timestamp,
        #[personal(time)]
        pub raised_at: Timestamp,
    }
}

pub mod due_change {
    use sea_orm::entity::prelude::*;

    use super::*;

    /// That a due date was counted again, from what to what, and by which calendar.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "due_change")]
    #[personal(none = "the random number of a request and two dates")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(link)]
        pub request: Uuid,
        #[personal(time)]
        pub old_due: Timestamp,
        #[personal(time)]
        pub new_due: Timestamp,
        #[personal(plain = "the version of the calendar, and the days that do not count")]
        pub reason: String,
        #[personal(time)]
        pub at: Timestamp,
    }
}

pub mod calendar_used {
    use sea_orm::entity::prelude::*;

    use super::*;

    /// By which calendar the open requests were counted last.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "calendar_used")]
    #[personal(none = "versions of the working calendar")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(plain = "the version of the calendar")]
        pub calendar: String,
        #[personal(measure)]
        pub recounted: i64,
        #[personal(measure)]
        pub moved: i64,
        #[personal(time)]
        pub at: Timestamp,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("clock_alarm", "id").id("request").code("percent").time("due_at").time("raised_at").index(&["request"]),
        schema::table("due_change", "id").id("request").time("old_due").time("new_due").text("reason").time("at").index(&["request"]),
        schema::table("calendar_used", "id").text("calendar").number("recounted").number("moved").time("at").index(&["at"]),
    ]
}
