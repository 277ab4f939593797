//! Evaluates policies as IAM does: a denial by any policy counts; otherwise the identity's policies must allow the request,
//! and the session policy too if there is one. It supports what the project's policies use, and panics on anything else.

use serde_json::Value;

/// A policy document.
pub struct Policy(Vec<Statement>);

struct Statement {
    allows: bool,
    actions: Vec<String>,
    /// The statement applies to all actions but these (`NotAction`).
    not_action: bool,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

/// An operator on a condition key, and the values of which one must match.
struct Condition {
    operator: String,
    key: String,
    values: Vec<String>,
}

/// A request to decide on.
pub struct Request<'a> {
    /// Such as `s3:GetObject`.
    pub action: &'a str,
    /// ARN of the resource.
    pub resource: &'a str,
    /// Condition keys, in lower case, and their values.
    pub context: &'a [(&'a str, String)],
}

/// The policies that apply to one caller.
pub struct Grants<'a> {
    /// Policies of the role.
    pub identity: &'a [Policy],
    /// Session policy, if there is one.
    pub session: Option<&'a Policy>,
    /// The bucket's policy; it may only deny.
    pub resource: Option<&'a Policy>,
}

impl Policy {
    /// Reads a policy document.
    pub fn read(document: &Value) -> Self {
        assert_eq!(document["Version"], "2012-10-17", "{document}");
        Self(list(&document["Statement"]).into_iter().map(statement).collect())
    }

    fn has(&self, allows: bool, request: &Request<'_>) -> bool {
        self.0.iter().any(|statement| statement.allows == allows && statement.applies_to(request))
    }
}

impl Grants<'_> {
    /// True when the request is allowed.
    pub fn allow(&self, request: &Request<'_>) -> bool {
        let all = self.identity.iter().chain(self.session).chain(self.resource);
        let denied = all.into_iter().any(|policy| policy.has(false, request));
        let allowed = self.identity.iter().any(|policy| policy.has(true, request));
        assert!(!self.resource.is_some_and(|policy| policy.has(true, request)), "the bucket's policy must only deny");
        allowed && !denied && self.session.is_none_or(|policy| policy.has(true, request))
    }
}

impl Statement {
    fn applies_to(&self, request: &Request<'_>) -> bool {
        let action = request.action.to_lowercase();
        let named = self.actions.iter().any(|pattern| matches(&pattern.to_lowercase(), &action));
        let resource = self.resources.iter().any(|pattern| matches(pattern, request.resource));
        named != self.not_action && resource && self.conditions.iter().all(|one| one.holds(request))
    }
}

impl Condition {
    fn holds(&self, request: &Request<'_>) -> bool {
        let found = request.context.iter().find(|(key, _)| *key == self.key).map(|(_, value)| value.as_str());
        let any = |matches: &dyn Fn(&str, &str) -> bool| {
            found.is_some_and(|found| self.values.iter().any(|value| matches(value, found)))
        };
        match self.operator.as_str() {
            "Null" => self.values == [found.is_none().to_string()],
            "StringEquals" => any(&|value, found| value == found),
            // An absent key is not equal either.
            "StringNotEquals" => !any(&|value, found| value == found),
            "Bool" => any(&|value, found| value.eq_ignore_ascii_case(found)),
            "StringLike" | "ArnEquals" | "ArnLike" => any(&matches),
            unknown => panic!("unsupported condition operator {unknown}"),
        }
    }
}

fn statement(json: &Value) -> Statement {
    let known = ["Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "Condition"];
    let fields = json.as_object().unwrap();
    assert!(fields.keys().all(|key| known.contains(&key.as_str())), "unsupported field in {json}");
    assert!(fields.get("Principal").is_none_or(|who| who == "*"), "unsupported principal in {json}");
    let not_action = fields.contains_key("NotAction");
    let actions = if not_action { &json["NotAction"] } else { &json["Action"] };
    let conditions = fields.get("Condition").into_iter().flat_map(|operators| operators.as_object().unwrap());
    let conditions = conditions.flat_map(|(operator, keys)| {
        let keys = keys.as_object().unwrap().iter();
        keys.map(|(key, values)| Condition {
            operator: operator.clone(),
            key: key.to_lowercase(),
            values: texts(values),
        })
    });
    Statement {
        allows: match json["Effect"].as_str() {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => panic!("unsupported effect in {json}"),
        },
        actions: texts(actions),
        not_action,
        resources: texts(&json["Resource"]),
        conditions: conditions.collect(),
    }
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value} is not a string")).to_owned();
    let texts: Vec<_> = list(value).into_iter().map(text).collect();
    assert!(!texts.iter().any(|text| text.contains("${")), "unsupported policy variables: {texts:?}");
    texts
}

/// Wildcards: `*` matches any text, `?` any character.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            text.char_indices().any(|(at, _)| matches(rest, &text[at..])) || matches(rest, "")
        }
        Some(wanted) => {
            let mut left = text.chars();
            left.next().is_some_and(|found| wanted == '?' || wanted == found)
                && matches(&pattern[wanted.len_utf8()..], left.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allowed(statements: &Value, session: Option<&Value>, context: &[(&str, String)]) -> bool {
        let policy = |statements: &Value| Policy::read(&json!({ "Version": "2012-10-17", "Statement": statements }));
        let session = session.map(policy);
        let grants = Grants { identity: &[policy(statements)], session: session.as_ref(), resource: None };
        grants.allow(&Request { action: "s3:PutObject", resource: "arn:aws:s3:::b/files/1/x", context })
    }

    #[test]
    fn a_denial_overrides_an_allowance_and_a_session_policy_only_narrows() {
        let any = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
        let deny = json!({ "Effect": "Deny", "NotAction": ["s3:Get*"], "Resource": "arn:aws:s3:::b/*" });
        let other = json!([{ "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/files/2/*" }]);
        assert!(allowed(&json!([any]), None, &[]) && allowed(&json!([any]), Some(&json!([any])), &[]));
        assert!(!allowed(&json!([any, deny]), None, &[]) && !allowed(&json!([any]), Some(&other), &[]));
        assert!(!allowed(&json!([]), Some(&json!([any])), &[]), "a session policy adds no permission");
    }

    #[test]
    fn conditions_on_an_absent_key() {
        let when = |operator: &str, value: &str| {
            json!([{ "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*",
                "Condition": { operator: { "s3:If-None-Match": value } } }])
        };
        let sent = [("s3:if-none-match", "*".to_owned())];
        let cases = [("Null", "false", false, true), ("Null", "true", true, false), ("StringEquals", "*", false, true)];
        for (operator, value, absent, present) in cases {
            let verdicts = (allowed(&when(operator, value), None, &[]), allowed(&when(operator, value), None, &sent));
            assert_eq!(verdicts, (absent, present), "{operator} {value}");
        }
        assert!(!allowed(&when("StringLike", "a*b"), None, &sent) && allowed(&when("StringLike", "?"), None, &sent));
        let other = when("StringNotEquals", "*");
        assert!(allowed(&other, None, &[]) && !allowed(&other, None, &sent), "an absent key is not equal");
    }
}
