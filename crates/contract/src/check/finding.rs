/// One thing that is wrong with the contract: where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("{method}: no rule: state `option (kolsai.contract.v1.rule)`")]
    MethodWithoutRule { method: String },
    #[error("{method}: the rule does not say who may call: state `who`")]
    WhoUnspecified { method: String },
    #[error("{method}: the rule does not say for what purpose: state `purpose`")]
    PurposeUnspecified { method: String },
    #[error("{method}: STAFF without roles: name the roles that may call")]
    StaffWithoutRoles { method: String },
    #[error("{method}: STAFF who touch a person need a `tie` to them, or the rule says in `untied` why not; one of the two")]
    StaffWithoutTie { method: String },
    #[error("{method}: SERVICE without callers: name the services that may call")]
    ServiceWithoutCallers { method: String },
    #[error(
        "{method}: `{caller}` is no service of this contract and no client that a file declares: correct it, or state `(kolsai.contract.v1.client)`"
    )]
    UnknownCaller { method: String, caller: String },
    #[error("`{client}` is declared as a client, but {why}")]
    ClientInvalid { client: String, why: &'static str },
    #[error("{method}: LINK, but {request} has no singular string field `token`")]
    LinkWithoutToken { method: String, request: String },
    #[error("{method}: person is NONE, but {message} reaches {class}: state whose data it is")]
    PersonalButNobody { method: String, message: String, class: &'static str },
    #[error("{method}: person is FIELD, but `{field}` is no singular string field of class PERSON_ID in {request}")]
    PersonFieldInvalid { method: String, request: String, field: String },
    #[error("{method}: BY_KEY, but {request} has no singular string field `idempotency_key`")]
    ByKeyWithoutKey { method: String, request: String },
    #[error("{method}: the gateway knows it, but it has no route: state `option (google.api.http)`")]
    PublicWithoutRoute { method: String },
    #[error("{method}: SERVICE, but it has an HTTP route: take it away")]
    ServiceWithRoute { method: String },
    #[error("{method}: {verb} {template} is taken by {other}: choose another")]
    DuplicateRoute { method: String, verb: String, template: String, other: String },
    #[error("{field}: no data class: state `(kolsai.contract.v1.data)`")]
    FieldWithoutClass { field: String },
    #[error("{event}: `{field}` carries {class}: an event carries identifiers, never personal data")]
    EventCarriesPersonalData { event: String, field: String, class: &'static str },
    #[error("{event}: names no person: state `person`, or in `nobody` why there is none")]
    EventWithoutPerson { event: String },
    #[error("{event}: its person `{field}` is no singular string field of class PERSON_ID")]
    EventPersonInvalid { event: String, field: String },
    #[error("{event}: `version_of` names `{field}`, which is no singular string field of the event")]
    EventAggregateInvalid { event: String, field: String },
    #[error("{event}: `version_of` without a singular int64 field `version`")]
    EventWithoutVersion { event: String },
    #[error("{package}: the last segment of a package is its version, like `v1`")]
    PackageWithoutVersion { package: String },
}
