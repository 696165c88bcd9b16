//! Whether a file may be written now: what [`show_core::Coordinator::quiet`] says, for people.

use super::{Answered, Seen, doctor, job, later, not_found, rest};
use show_core::{Blocker, FilePath, JobState as State, ProposalState, WEAVE, is_markdown};
use show_protocol::{Answer, WhyFileView};

/// What speaks against it once it was looked outside.
pub fn why(seen: &Seen<'_>, file: &FilePath) -> Answered {
    let of_it = |row: &&show_core::JobRow| {
        *row.node.step == *WEAVE && row.subject.share == file.share && row.node.element == file.path
    };
    let jobs = seen.core.jobs().filter(of_it);
    let jobs: Vec<_> = jobs.filter(|row| !row.state.is_over() || matches!(row.state, State::Failed { .. })).collect();
    let proposals = seen.core.proposals().filter(|row| row.file == *file && row.state == ProposalState::Open).count();
    let mut view = WhyFileView {
        share: seen.world.share_name(file.share),
        file: file.path.to_string(),
        jobs: jobs.iter().map(|row| job::line(seen, row)).collect(),
        proposals_open: u32::try_from(proposals).unwrap_or(u32::MAX),
        ..WhyFileView::default()
    };
    let path = &file.path;
    if let Some(storm) = seen.core.storm(file).filter(|_| !is_markdown(path)) {
        view.text = format!("{path} is not made again now");
        (view.blockers, view.hint) = (vec![job::blocker(&storm)], doctor::end_of_storm(file));
        return Ok(Answer::WhyFile(view).into());
    }
    let Some(row) = seen.reader.file(file)? else {
        let root = seen.world.root(file.share).map(std::path::Path::to_path_buf);
        view.text = format!("no step reads {path}, and showd writes only what it made or what it reads");
        return Ok(later(move |_| match root {
            Some(root) if root.join(&view.file).symlink_metadata().is_err() => {
                let meant = rest::nearest_beside(&root, &view.file);
                let hint = meant.map_or_else(String::new, |near| format!("did you mean \"{near}\"?"));
                not_found(format!("there is no {}", view.file), hint).into()
            }
            _ => Answer::WhyFile(view).into(),
        }));
    };
    if !is_markdown(path) {
        let refused = |job: &&show_core::JobRow| job.refused.as_ref().is_some_and(|(in_the_way, _)| in_the_way == file);
        if let Some(job) = seen.core.jobs().find(refused) {
            view.text = format!("{path} is not what showd left there, so {} does not replace it", job.node);
            view.hint = "move it away, or delete it: then it is made anew".into();
            view.jobs = [job::line(seen, job)].into();
            return Ok(Answer::WhyFile(view).into());
        }
        view.text = match &row.by_us {
            Some(node) => format!("{path} is what {node} made, and is replaced whenever that comes out differently"),
            None => format!("{path} is read and never written: only Markdown is repaired in place"),
        };
        return Ok(Answer::WhyFile(view).into());
    }
    let blockers = seen.core.quiet(file);
    view.quiet = blockers.is_empty();
    view.blockers = blockers.iter().map(job::blocker).collect();
    view.text = if !view.quiet {
        format!("{path} is not written now")
    } else if jobs.iter().any(|row| !row.state.is_over()) {
        format!("{path} is quiet: what waits for it is written next")
    } else {
        format!("{path} is quiet, and nothing waits to be written into it")
    };
    view.hint = if blockers.iter().any(|one| matches!(one, Blocker::ConflictCopy { .. })) {
        format!("\"showctl conflicts\" shows both sides, \"showctl resolve '{path}'\" settles it")
    } else if blockers.iter().any(|one| matches!(one, Blocker::Held { .. })) {
        format!("\"showctl release '{path}'\" ends the hold")
    } else if blockers.iter().any(|one| matches!(one, Blocker::Storm { .. })) {
        doctor::end_of_storm(file)
    } else if proposals > 0 {
        "\"showctl proposals\" lists what waits for a yes or no".to_owned()
    } else {
        String::new()
    };
    let unwritten = super::file::unwritten(seen, file);
    Ok(later(move |archive| {
        if let Some(what) = unwritten(archive) {
            view.text = format!("{} is never written before somebody mends it: {what}", view.file);
            view.quiet = false;
        }
        Answer::WhyFile(view).into()
    }))
}
