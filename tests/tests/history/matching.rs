//! Which of several possible calls wrote which entry, so that each entry has one, and each call that must have an entry, too.

/// The call of each entry; none for an entry that is left over. `possible` has the calls that may have written each entry, the likely
/// ones first, and `must` those that have written one.
pub(crate) fn callers(possible: &[Vec<usize>], must: &[usize]) -> Vec<Option<usize>> {
    let mut found = vec![None; possible.len()];
    // A call that has an entry keeps one in all that follows, and so does an entry that has a call.
    for call in must {
        give_entry(*call, possible, &mut found, &mut vec![false; possible.len()]);
    }
    for entry in 0..possible.len() {
        if found[entry].is_none() {
            give_call(entry, possible, &mut found, &mut Vec::new());
        }
    }
    found
}

/// Finds an entry for a call; another call may have to change its own for that.
fn give_entry(call: usize, possible: &[Vec<usize>], found: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    let of_call: Vec<usize> = (0..possible.len()).filter(|entry| possible[*entry].contains(&call)).collect();
    if let Some(free) = of_call.iter().find(|entry| found[**entry].is_none()) {
        found[*free] = Some(call);
        return true;
    }
    for entry in of_call {
        if !std::mem::replace(&mut tried[entry], true) && give_entry(found[entry].unwrap(), possible, found, tried) {
            found[entry] = Some(call);
            return true;
        }
    }
    false
}

/// Finds a call for an entry; another entry may have to change its own for that.
fn give_call(entry: usize, possible: &[Vec<usize>], found: &mut [Option<usize>], tried: &mut Vec<usize>) -> bool {
    let owner = |call: usize, found: &[Option<usize>]| found.iter().position(|one| *one == Some(call));
    if let Some(free) = possible[entry].iter().find(|call| owner(**call, found).is_none()) {
        found[entry] = Some(*free);
        return true;
    }
    for call in &possible[entry] {
        if tried.contains(call) {
            continue;
        }
        tried.push(*call);
        let Some(other) = owner(*call, found) else { continue };
        if give_call(other, possible, found, tried) {
            found[entry] = Some(*call);
            return true;
        }
    }
    false
}
