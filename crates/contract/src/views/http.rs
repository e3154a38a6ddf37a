use crate::generated::google::api::{HttpRule, http_rule::Pattern};

/// One HTTP route of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpBinding {
    /// `GET`, `POST`, … or the kind of a custom pattern.
    pub verb: String,
    /// The path with its variables, as written: `/v1/submissions/{submission_id}/feedback`.
    pub template: String,
    /// The request field that the body fills; `*` for the whole request, `None` for no body.
    pub body: Option<String>,
    /// The answer field that is the body; `None` for the whole answer.
    pub response_body: Option<String>,
}

impl HttpBinding {
    /// The bindings of a rule: its own and the additional ones. A rule without a pattern gives none.
    pub(crate) fn all_of(rule: &HttpRule) -> Vec<HttpBinding> {
        let own = rule.pattern.as_ref().map(|pattern| {
            let (verb, template) = match pattern {
                Pattern::Get(path) => ("GET", path),
                Pattern::Put(path) => ("PUT", path),
                Pattern::Post(path) => ("POST", path),
                Pattern::Delete(path) => ("DELETE", path),
                Pattern::Patch(path) => ("PATCH", path),
                Pattern::Custom(custom) => (custom.kind.as_str(), &custom.path),
            };
            let given = |field: &str| Some(field.to_owned()).filter(|field| !field.is_empty());
            HttpBinding {
                verb: verb.to_owned(),
                template: template.clone(),
                body: given(&rule.body),
                response_body: given(&rule.response_body),
            }
        });
        own.into_iter().chain(rule.additional_bindings.iter().flat_map(HttpBinding::all_of)).collect()
    }

    /// Verb and template with the names of variables left out: two routes with the same shape cannot be told apart.
    pub(crate) fn shape(&self) -> String {
        let (mut shape, mut depth) = (format!("{} ", self.verb), 0_usize);
        for character in self.template.chars() {
            match character {
                '{' => depth += 1,
                '}' => {
                    depth = depth.saturating_sub(1);
                    shape.push_str("{}");
                }
                other if depth == 0 => shape.push(other),
                _ => {}
            }
        }
        shape
    }
}
