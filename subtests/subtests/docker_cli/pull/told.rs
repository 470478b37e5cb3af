//! What `docker pull` tells while it works.

use dockertest::engine::MadeImage;
use dockertest::prelude::*;

use super::is_podman;
use super::source::{Source, sha256};

/// What is said of a layer on its way; amounts may follow.
const PROGRESS: [&str; 8] = [
    "Pulling fs layer",
    "Waiting",
    "Downloading",
    "Verifying Checksum",
    "Download complete",
    "Extracting",
    "Retrying in",
    "Already exists",
];

/// The last that is said of a layer that was brought.
const BROUGHT: &str = "Pull complete";

/// What the engine had of an image before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    All,
}

/// Checks each line that a pull of one tag prints. `first` are lines that come before all others.
pub(super) fn check(
    ctx: &Context,
    seen: &Completed,
    (source, tag, image): (&Source, &str, &MadeImage),
    before: Before,
    first: &[&str],
) -> Outcome {
    let text = seen.stdout_text().into_owned();
    if is_podman(ctx) {
        return seen.check_eq(sha256(text.trim_end()), image.id(), "the id on standard output");
    }
    let name = source.name(tag)?;
    let pulling = format!("{tag}: Pulling from {}", source.path());
    let status = match before {
        Before::Nothing => format!("Status: Downloaded newer image for {name}"),
        Before::All => format!("Status: Image is up to date for {name}"),
    };
    let (digest, name) = (format!("Digest: {}", image.digest()), name.to_string());
    let mut lines: Vec<&str> = text.lines().collect();
    seen.check(lines.len() >= first.len() + 4, "standard output has all lines")?;
    let last = lines.split_off(lines.len() - 3);
    let layers = lines.split_off(first.len() + 1);
    let expected: Vec<&str> = first.iter().copied().chain([pulling.as_str()]).collect();
    seen.check_eq(lines.join("\n"), expected.join("\n"), "the first lines on standard output")?;
    seen.check_eq(last.join("\n"), [digest.as_str(), &status, &name].join("\n"), "the last lines on standard output")?;
    seen.check_eq(seen.said().join("\n"), "", "standard error of a pull that succeeds")?;
    check_layers(seen, &layers, image, before)
}

/// Checks the lines that tell of layers.
fn check_layers(seen: &Completed, lines: &[&str], image: &MadeImage, before: Before) -> Outcome {
    let short: Vec<String> = image.layers().iter().map(|layer| short(layer).to_owned()).collect();
    for line in lines {
        let known = line.split_once(": ").is_some_and(|(layer, progress)| {
            let is_progress = progress == BROUGHT || PROGRESS.iter().any(|known| progress.starts_with(known));
            short.iter().any(|known| known == layer) && is_progress
        });
        seen.check(known, format!("`{line}` tells of one of the layers {}", short.join(", ")))?;
    }
    for layer in &short {
        let told: Vec<&str> = lines.iter().filter(|line| line.starts_with(layer.as_str())).copied().collect();
        let ends = [told.first(), told.last()].map(|line| line.map_or("", |line| line.split_at(layer.len()).1));
        let in_order = matches!(ends, ["" | ": Already exists", _] | [": Pulling fs layer", ": Pull complete"]);
        seen.check(in_order, format!("layer {layer} is told from its first sign to its arrival, in order"))?;
    }
    let brought = lines.iter().filter(|line| line.ends_with(BROUGHT)).count();
    let expected = if before == Before::Nothing { short.len() } else { 0 };
    seen.check_eq(brought, expected, format!("how many layers are told to be brought (`{BROUGHT}`)"))
}

/// The first digits of a digest.
fn short(digest: &str) -> &str {
    digest.split_once(':').and_then(|(_, digits)| digits.get(..12)).unwrap_or(digest)
}

/// The digest that a pull told, if it did.
pub(super) fn digest(seen: &Completed) -> Option<String> {
    let text = seen.stdout_text();
    text.lines().find_map(|line| line.strip_prefix("Digest: ")).map(str::to_owned)
}
