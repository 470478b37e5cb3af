//! What somebody may have meant by a name that is not there.

/// How much a name must be like another one to be meant; 1 is the same.
const ENOUGH: f64 = 0.6;

/// The known names most like `name`, best first: at most three, none if nothing is like it.
pub(crate) fn nearest<S: Into<String>>(name: &str, known: impl IntoIterator<Item = S>) -> Vec<String> {
    let name = &name.to_lowercase();
    let likeness = |known: &str| {
        let known = &known.to_lowercase();
        let whole = strsim::normalized_damerau_levenshtein(name, known);
        let last = known.rsplit('/').next().unwrap_or(known);
        // A name without its path is the most common slip.
        whole.max(0.95 * strsim::normalized_damerau_levenshtein(name, last))
    };
    let known = known.into_iter().map(Into::into).map(|known: String| (likeness(&known), known));
    let mut ranked: Vec<(f64, String)> = known.filter(|(likeness, _)| *likeness >= ENOUGH).collect();
    ranked.sort_by(|(a, a_name), (b, b_name)| b.total_cmp(a).then_with(|| a_name.cmp(b_name)));
    let best = ranked.first().map_or(1.0, |(likeness, _)| *likeness);
    ranked.retain(|(likeness, _)| *likeness > best - 0.1);
    ranked.into_iter().take(3).map(|(_, known)| known).collect()
}

/// Asks whether one of these names was meant, if there are any.
pub(crate) fn did_you_mean(nearest: &[String]) -> Option<String> {
    Some(match nearest.split_last()? {
        (only, []) => format!("did you mean `{only}`?"),
        (last, before) => format!("did you mean `{}` or `{last}`?", before.join("`, `")),
    })
}
