//! The code and the commands of a history, and what they come to in the model. Both write down the same verbs.

use std::collections::BTreeMap;

use super::{
    plan::{Act, Step, Verb},
    values,
};

/// Content of every working file by its name.
pub(crate) type Files = BTreeMap<String, String>;

/// The code of an execute, or the command of an exec. It holds the token, so that no two are the same.
pub(crate) fn source(step: &Step) -> Option<String> {
    let token = &step.token;
    match &step.act {
        Act::Execute { values, verbs, pause_ms, fails } => {
            let mut lines = vec![format!(
                "import os, time\ntry: h\nexcept NameError: h = []\nh.append('{token}')\nprint(','.join(h))"
            )];
            lines.extend(values.iter().map(|line| line.replace('T', token)));
            lines.extend([values::END.to_owned(), format!("time.sleep({pause_ms} / 1000)")]);
            lines.extend(verbs.iter().map(|verb| match verb {
                Verb::Write(name) => format!("with open('{name}', 'w') as f: f.write('{token}')"),
                Verb::Append(name) => format!("with open('{name}', 'a') as f: f.write('{token};')"),
                Verb::Remove(name) => format!("if os.path.exists('{name}'): os.remove('{name}')"),
                Verb::Read(name) => format!("print(open('{name}').read() if os.path.exists('{name}') else '-')"),
                Verb::Names => "print(' '.join(sorted(os.listdir())))".to_owned(),
            }));
            lines.extend(fails.then(|| format!("raise ValueError('{token}')")));
            Some(lines.join("\n"))
        }
        Act::Exec { verbs, pause_ms } => {
            let mut lines = vec![format!("echo {token}; sleep {}", f64::from(*pause_ms) / 1000.0)];
            lines.extend(verbs.iter().map(|verb| match verb {
                Verb::Write(name) => format!("printf %s '{token}' > {name}"),
                Verb::Append(name) => format!("printf %s '{token};' >> {name}"),
                Verb::Remove(name) => format!("rm -f {name}"),
                Verb::Read(name) => format!("if [ -e {name} ]; then cat {name}; echo; else echo -; fi"),
                Verb::Names => "echo $(ls | LC_ALL=C sort)".to_owned(),
            }));
            Some(lines.join("\n"))
        }
        _ => None,
    }
}

/// What the verbs print after their first line, and what they change.
pub(crate) fn effects(step: &Step, before: &Files) -> (Vec<String>, BTreeMap<String, Option<String>>) {
    let (Act::Execute { verbs, .. } | Act::Exec { verbs, .. }) = &step.act else { return Default::default() };
    let (mut files, mut printed, mut changes) = (before.clone(), Vec::new(), BTreeMap::new());
    for verb in verbs {
        match verb {
            Verb::Write(name) => drop(files.insert(name.clone(), step.token.clone())),
            Verb::Append(name) => files.entry(name.clone()).or_default().push_str(&format!("{};", step.token)),
            Verb::Remove(name) => drop(files.remove(name)),
            Verb::Read(name) => printed.push(files.get(name).cloned().unwrap_or_else(|| "-".to_owned())),
            Verb::Names => printed.push(files.keys().cloned().collect::<Vec<_>>().join(" ")),
        }
        if let Verb::Write(name) | Verb::Append(name) | Verb::Remove(name) = verb {
            // A file that was not there before and is not there after is no change.
            if files.get(name) == before.get(name) {
                changes.remove(name);
            } else {
                changes.insert(name.clone(), files.get(name).cloned());
            }
        }
    }
    (printed, changes)
}

/// What may be in a file after a run that was killed: what each first part of its verbs leaves, or nothing, as a file is when it
/// has just been opened. `None`: no file.
pub(crate) fn left_of(step: &Step, before: &Files, name: &str) -> Vec<Option<String>> {
    let (Act::Execute { verbs, .. } | Act::Exec { verbs, .. }) = &step.act else { return Vec::new() };
    let parts = (0..=verbs.len()).map(|count| {
        let part = Step { act: Act::Exec { verbs: verbs[..count].to_vec(), pause_ms: 0 }, ..step.clone() };
        effects(&part, before).1.remove(name).unwrap_or_else(|| before.get(name).cloned())
    });
    parts.chain([Some(String::new())]).collect()
}

/// The content of an uploaded file.
pub(crate) fn uploaded(step: &Step) -> String {
    format!("up {}", step.token)
}

/// The files that a call may change.
pub(crate) fn may_change(step: &Step) -> Vec<&str> {
    match &step.act {
        Act::Execute { verbs, .. } | Act::Exec { verbs, .. } => {
            let changed = verbs.iter().filter_map(|verb| match verb {
                Verb::Write(name) | Verb::Append(name) | Verb::Remove(name) => Some(name.as_str()),
                Verb::Read(_) | Verb::Names => None,
            });
            changed.collect()
        }
        Act::Upload(name) | Act::Delete(name) => vec![name],
        _ => Vec::new(),
    }
}
