//! What `podman info` shows: another tree, with the same promises.

use dockertest::prelude::*;
use serde_json::Value;

use super::counts::Counts;
use super::shown::text_of;
use super::tree::Tree;
use super::userspace::{memory_bytes, output_of};

const ATTEMPTS: u32 = 30;

pub(super) fn check(ctx: &Context) -> Outcome {
    let api = ctx.api()?;
    let mut before = Counts::of(&api)?;
    for _ in 0..ATTEMPTS {
        let text = ctx.docker(["info"]).must_pass()?;
        let json = ctx.docker(["info", "--format", "json"]).must_pass()?;
        let data: Value = match serde_json::from_slice(&json.stdout) {
            Ok(data) => data,
            Err(error) => return json.check(false, format!("the data is JSON ({error})")),
        };
        machine(&json, &data)?;
        lines(&text, &data)?;
        let after = Counts::of(&api)?;
        if before == after {
            return after.check_podman(&json, &data);
        }
        before = after;
    }
    Err(Attention::because("the counts could not be compared: somebody else changed them each time").into())
}

/// What the kernel says.
fn machine(json: &Completed, data: &Value) -> Outcome {
    let host = &data["host"];
    for (name, expected) in [
        ("kernel", output_of("uname", &["-r"])?),
        ("hostname", output_of("uname", &["-n"])?),
        ("cpus", output_of("nproc", &["--all"])?),
        ("memTotal", memory_bytes()?.to_string()),
    ] {
        json.check_eq(text_of(&host[name]), expected, format!("`host.{name}` in the data, compared with the machine"))?;
    }
    let root = text_of(&data["store"]["graphRoot"]);
    json.check(std::path::Path::new(&root).is_dir(), format!("`store.graphRoot` is a folder, seen `{root}`"))?;
    let client = text_of(&data["version"]["Version"]);
    json.check(
        client.starts_with(|c: char| c.is_ascii_digit()),
        format!("`version.Version` is a version, seen `{client}`"),
    )
}

/// The text has the same values as the data.
fn lines(text: &Completed, data: &Value) -> Outcome {
    let tree = Tree::parse(&text.stdout_text());
    for path in [
        "host/kernel",
        "host/hostname",
        "host/arch",
        "host/cpus",
        "host/os",
        "host/memTotal",
        "store/graphDriverName",
        "store/graphRoot",
        "store/imageStore/number",
        "store/containerStore/number",
        "version/Version",
    ] {
        let expected = path.split('/').fold(data, |value, name| &value[name]);
        let shown = tree.values(path).join(", ");
        text.check_eq(
            shown.trim_matches('"'),
            text_of(expected),
            format!("`{path}` in the text, compared with the data"),
        )?;
    }
    Ok(())
}
