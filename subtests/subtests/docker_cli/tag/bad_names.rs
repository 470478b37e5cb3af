//! What `docker tag` must refuse.

use dockertest::engine::{Object, Tags};
use dockertest::prelude::*;

use super::{Tag, name_for};

/// Gives wrong words to `docker tag`.
#[derive(Default)]
pub(super) struct BadNames;

/// A name that is refused, and what the refusal must say.
struct Refused {
    source: String,
    target: String,
    says: &'static [&'static str],
}

impl SubSubtest<Tag> for BadNames {
    fn run_once(&mut self, tag: &mut Tag, ctx: &mut Context) -> Outcome {
        let name = name_for(ctx, &tag.base, "bad", "good")?;
        let (name, repository) = (name.to_string(), name.repository());
        // An engine that breaks the promise may take the name in small letters.
        let lowered = format!("{repository}-upper:new");
        ctx.own(Object::Image(lowered.clone()));
        let api = ctx.api()?;
        let before = Tags::of(&api, &tag.base)?;
        let of_name = |target: String, says| Refused { source: name.clone(), target, says };
        let grammar: &[&str] = &["invalid reference format", "must be lowercase"];
        let all = [
            Refused {
                source: format!("{repository}:missing"),
                target: format!("{repository}:new"),
                says: &["no such image", "image not known", "not found"],
            },
            of_name(format!("{repository}-UPPER:new"), grammar),
            of_name(format!("{repository}:-new"), grammar),
            of_name(format!("{repository}:"), grammar),
            of_name(format!("{repository}//x:new"), grammar),
            of_name(format!("{repository}:{}", "n".repeat(129)), grammar),
            of_name(String::new(), &["invalid reference format", "must have at least one component"]),
        ];
        for refused in all {
            let seen = ctx.docker(["tag", &refused.source, &refused.target]).run()?;
            let seen = if is_podman(ctx) { seen.must_fail(125)? } else { seen.must_fail(1)? };
            let said = seen.said().join("\n").to_lowercase();
            let expected = refused.says.join("` or `");
            seen.check(
                refused.says.iter().any(|words| said.contains(words)),
                format!("standard error says `{expected}`"),
            )?;
            seen.check_eq(seen.stdout_text(), "", "standard output of a command that fails")?;
            Tags::of(&api, &tag.base)?.must_be(&before, &seen)?;
            for new in [&format!("{repository}:new"), &lowered] {
                seen.check(api.image(new)?.is_none(), format!("no name comes about, also not `{new}`"))?;
            }
        }
        Ok(())
    }
}

fn is_podman(ctx: &Context) -> bool {
    ctx.engine().is_some_and(|engine| engine.flavor == "podman")
}
