//! Every rule of the contract: a small contract that breaks it has that finding and no other.

mod common;

use common::{method, pool, pool_in};
use kolsai_contract::{Finding, check};

const ROUTE: &str = r#"option (google.api.http) = { get: "/v1/things" };"#;
const EMPTY: &str = "message Ask {} message Answer {}";
const DO: &str = "kolsai.case.v1.Things.Do";
const ASK: &str = "kolsai.case.v1.Ask";

fn only(found: Vec<Finding>) -> Finding {
    assert_eq!(found.len(), 1, "{found:#?}");
    found.into_iter().next().unwrap()
}

/// The finding of a method with this rule; the route is there unless the caller is a service.
fn of_rule(rule: &str, messages: &str) -> Finding {
    let route = if rule.contains("SERVICE") { "" } else { ROUTE };
    only(check(&method(&format!("{route} option (rule) = {{ {rule} }};"), messages)))
}

fn of_event(message: &str) -> Finding {
    only(check(&pool(message)))
}

#[test]
fn a_contract_that_says_everything_has_no_finding() {
    let found = check(&pool(
        r#"
        service Things {
          rpc Get(GetRequest) returns (Thing) {
            option (google.api.http) = { get: "/v1/things/{thing_id}" additional_bindings: { get: "/v1/my-things/{thing_id}" } };
            option (rule) = { who: STAFF roles: INSTRUCTOR purpose: EDUCATION person: RESOLVED tie: TEACHES idempotent: READ };
          }
          rpc Watch(stream GetRequest) returns (stream google.api.HttpBody) { option (rule) = { who: PERSON purpose: EDUCATION person: CALLER }; }
          rpc Find(FindRequest) returns (Thing) {
            option (rule) = { who: SERVICE callers: "case" purpose: RIGHTS person: FIELD person_field: "person_id" };
          }
        }
        message GetRequest { string thing_id = 1 [(data) = ID]; }
        message FindRequest { string person_id = 1 [(data) = PERSON_ID]; }
        message Thing { map<string, string> notes = 1 [(data) = FREE_TEXT]; repeated Thing parts = 2; int64 count = 3; google.api.HttpBody raw = 4; }
        message ThingSent {
          option (event) = { person: "person_id" version_of: "thing_id" };
          string person_id = 1 [(data) = PERSON_ID];
          string thing_id = 2 [(data) = ID];
          repeated string seen_by = 3 [(data) = PERSON_ID];
          google.protobuf.Timestamp sent_at = 4;
          int64 version = 5;
        }
        message CohortClosed { option (event) = { nobody: "counts of cohorts of at least ten" }; int64 count = 1; }
        "#,
    ));
    assert_eq!(found, []);
}

#[test]
fn a_method_without_a_rule() {
    assert_eq!(only(check(&method(ROUTE, EMPTY))), Finding::MethodWithoutRule { method: DO.into() });
}

#[test]
fn a_rule_without_who() {
    assert_eq!(of_rule("purpose: SECURITY", EMPTY), Finding::WhoUnspecified { method: DO.into() });
}

#[test]
fn a_rule_without_purpose() {
    assert_eq!(of_rule("who: ANYONE", EMPTY), Finding::PurposeUnspecified { method: DO.into() });
}

#[test]
fn staff_without_roles() {
    assert_eq!(of_rule("who: STAFF purpose: SUPPORT", EMPTY), Finding::StaffWithoutRoles { method: DO.into() });
    let staff = |tie: &str| of_rule(&format!("who: STAFF roles: SUPPORT purpose: SUPPORT person: EACH {tie}"), EMPTY);
    assert_eq!(staff(""), Finding::StaffWithoutTie { method: DO.into() });
    assert_eq!(staff("tie: HAS_TICKET untied: \"both\""), Finding::StaffWithoutTie { method: DO.into() });
}

#[test]
fn callers_that_nobody_knows() {
    let unknown = of_rule(r#"who: SERVICE callers: "privaci" purpose: RIGHTS"#, EMPTY);
    assert_eq!(unknown, Finding::UnknownCaller { method: DO.into(), caller: "privaci".into() });
}

#[test]
fn a_client_of_another_team_is_declared_once_and_called_for() {
    let declared = |name: &str, team: &str| format!(r#"option (client) = {{ name: "{name}" team: "{team}" does: "reads" }};"#);
    let contract = |clients: &str, caller: &str| {
        let rule = format!(r#"option (rule) = {{ who: SERVICE callers: "{caller}" purpose: RIGHTS }};"#);
        check(&pool(&format!("{clients} service Things {{ rpc Do(Ask) returns (Answer) {{ {rule} }} }} {EMPTY}")))
    };
    assert_eq!(contract(&declared("partner", "sales"), "partner"), []);
    let invalid = |client: &str, why| vec![Finding::ClientInvalid { client: client.into(), why }];
    assert_eq!(contract(&declared("partner", "sales"), "case"), invalid("partner", "no rule names it among its callers"));
    assert_eq!(contract(&declared("case", "sales"), "case"), invalid("case", "a service has that name"));
    assert_eq!(contract(&declared("partner", ""), "partner"), invalid("partner", "it does not say name, team and what it does"));
    let twice = format!("{0} {0}", declared("partner", "sales"));
    assert_eq!(contract(&twice, "partner"), invalid("partner", "another one has that name"));
}

#[test]
fn service_without_callers() {
    assert_eq!(of_rule("who: SERVICE purpose: RIGHTS", EMPTY), Finding::ServiceWithoutCallers { method: DO.into() });
}

#[test]
fn link_without_token() {
    let expected = Finding::LinkWithoutToken { method: DO.into(), request: ASK.into() };
    assert_eq!(of_rule("who: LINK purpose: ACCOUNT", EMPTY), expected);
    let listed = "message Ask { repeated string token = 1 [(data) = SECRET]; } message Answer {}";
    assert_eq!(of_rule("who: LINK purpose: ACCOUNT person: RESOLVED", listed), expected);
}

#[test]
fn nobodys_data_that_is_somebodys() {
    let expected =
        |message: &str, class| Finding::PersonalButNobody { method: DO.into(), message: format!("kolsai.case.v1.{message}"), class };
    let rule = "who: PERSON purpose: EDUCATION person: NONE";
    assert_eq!(of_rule(rule, "message Ask { string email = 1 [(data) = EMAIL]; } message Answer {}"), expected("Ask", "EMAIL"));
    let deep = "message Ask {} message Answer { map<string, Inner> inner = 1 [(data) = PLAIN]; } message Inner { repeated Leaf leaves = 1; Answer up = 2; }
                message Leaf { oneof what { int32 mark = 1 [(data) = LEARNING]; int32 size = 2; } }";
    assert_eq!(of_rule(rule, deep), expected("Answer", "LEARNING"));
}

#[test]
fn a_person_field_that_names_no_person() {
    let expected = |field: &str| Finding::PersonFieldInvalid { method: DO.into(), request: ASK.into(), field: field.into() };
    let rule = |field: &str| format!("who: PERSON purpose: EDUCATION person: FIELD {field}");
    let messages =
        "message Ask { string thing_id = 1 [(data) = ID]; repeated string person_ids = 2 [(data) = PERSON_ID]; } message Answer {}";
    assert_eq!(of_rule(&rule(""), messages), expected(""));
    for field in ["absent", "thing_id", "person_ids"] {
        assert_eq!(of_rule(&rule(&format!("person_field: \"{field}\"")), messages), expected(field));
    }
}

#[test]
fn by_key_without_a_key() {
    let expected = Finding::ByKeyWithoutKey { method: DO.into(), request: ASK.into() };
    assert_eq!(of_rule("who: PERSON purpose: PAYMENT idempotent: BY_KEY", EMPTY), expected);
}

#[test]
fn a_public_method_without_a_route() {
    let rule = "option (rule) = { who: ANYONE purpose: SECURITY };";
    assert_eq!(only(check(&method(rule, EMPTY))), Finding::PublicWithoutRoute { method: DO.into() });
    let streaming = pool(&format!("service Things {{ rpc Do(Ask) returns (stream Answer) {{ {rule} }} }} {EMPTY}"));
    assert_eq!(only(check(&streaming)), Finding::PublicWithoutRoute { method: DO.into() });
}

#[test]
fn a_service_method_with_a_route() {
    let options = format!(r#"{ROUTE} option (rule) = {{ who: SERVICE callers: "case" purpose: RIGHTS }};"#);
    assert_eq!(only(check(&method(&options, EMPTY))), Finding::ServiceWithRoute { method: DO.into() });
}

#[test]
fn one_route_for_two_methods() {
    let rpc = |name: &str, path: &str| {
        format!(
            r#"rpc {name}(Ask) returns (Answer) {{ option (google.api.http) = {{ get: "{path}" }}; option (rule) = {{ who: ANYONE purpose: SECURITY }}; }}"#
        )
    };
    let messages = "message Ask { string a = 1 [(data) = ID]; string b = 2 [(data) = ID]; } message Answer {}";
    let found = check(&pool(&format!(
        "service Things {{ {} {} {} }} {messages}",
        rpc("One", "/v1/{a}/x"),
        rpc("Two", "/v1/{b=*}/x"),
        rpc("Three", "/v1/{b}/y")
    )));
    let (method, other) = ("kolsai.case.v1.Things.Two".into(), "kolsai.case.v1.Things.One".into());
    assert_eq!(only(found), Finding::DuplicateRoute { method, verb: "GET".into(), template: "/v1/{b=*}/x".into(), other });
}

#[test]
fn text_and_bytes_without_a_class() {
    for field in [
        "string x = 1;",
        "bytes x = 1;",
        "repeated string x = 1;",
        "optional string x = 1;",
        "map<int32, string> x = 1;",
        "map<string, int32> x = 1;",
        "oneof o { string x = 1; }",
        "string x = 1 [(data) = CLASS_UNSPECIFIED];",
    ] {
        let found = check(&pool(&format!("message Thing {{ {field} }}")));
        assert_eq!(only(found), Finding::FieldWithoutClass { field: "kolsai.case.v1.Thing.x".into() }, "{field}");
    }
}

#[test]
fn an_event_that_carries_personal_data() {
    let event = |field: &str| {
        format!(
            "message E {{ option (event) = {{ person: \"p\" }}; string p = 1 [(data) = PERSON_ID]; {field} }} message Inner {{ string text = 1 [(data) = FREE_TEXT]; }}"
        )
    };
    let expected = |class| Finding::EventCarriesPersonalData { event: "kolsai.case.v1.E".into(), field: "x".into(), class };
    assert_eq!(of_event(&event("string x = 2 [(data) = NAME];")), expected("NAME"));
    assert_eq!(of_event(&event("google.protobuf.Timestamp x = 2 [(data) = TECHNICAL];")), expected("TECHNICAL"));
    assert_eq!(of_event(&event("repeated Inner x = 2;")), expected("FREE_TEXT"));
}

#[test]
fn an_event_about_nobody_that_does_not_say_why() {
    assert_eq!(
        of_event("message E { option (event) = {}; int64 n = 1; }"),
        Finding::EventWithoutPerson { event: "kolsai.case.v1.E".into() }
    );
}

#[test]
fn an_event_whose_person_is_none() {
    let expected = |field: &str| Finding::EventPersonInvalid { event: "kolsai.case.v1.E".into(), field: field.into() };
    assert_eq!(of_event("message E { option (event) = { person: \"absent\" }; int64 n = 1; }"), expected("absent"));
    assert_eq!(of_event("message E { option (event) = { person: \"p\" }; string p = 1 [(data) = ID]; }"), expected("p"));
}

#[test]
fn an_event_whose_order_is_unknown() {
    let event = |rest: &str| {
        format!("message E {{ option (event) = {{ person: \"p\" version_of: \"t\" }}; string p = 1 [(data) = PERSON_ID]; {rest} }}")
    };
    let name = || "kolsai.case.v1.E".to_owned();
    let without_version = Finding::EventWithoutVersion { event: name() };
    assert_eq!(of_event(&event("string t = 2 [(data) = ID];")), without_version);
    assert_eq!(of_event(&event("string t = 2 [(data) = ID]; int32 version = 3;")), without_version);
    assert_eq!(of_event(&event("int64 version = 3;")), Finding::EventAggregateInvalid { event: name(), field: "t".into() });
}

#[test]
fn a_package_without_a_version() {
    for package in ["kolsai.case", "kolsai.case.v", "kolsai.case.v1beta", "kolsai.v1.case"] {
        assert_eq!(only(check(&pool_in(package, ""))), Finding::PackageWithoutVersion { package: package.into() });
    }
}
