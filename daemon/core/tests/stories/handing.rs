//! Notes that a person hands over by their status: here the first word of the note.

use crate::story::*;
use show_core::*;

const NOTE: &str = "ep/0900/a.md";
const BALLOT: &str = "showd/proposals/0900.md";

fn edit(old: &str, new: &str) -> String {
    format!("{NOTE}: {old} => {new}")
}

/// What `repair` would rather have, and whether that is a matter of the note alone.
const WISHES: [(&str, &str); 3] = [("sings", "whistles"), ("kettle", "pot"), ("lid", "undefined")];

/// As `cue_repair`: it proposes what fits, and where the note was handed over, that it be handed back.
fn mend(order: &Order, blobs: &Blobs) -> Ended {
    let (_, text) = read(order, blobs)[0].clone();
    let handed_over = text.starts_with("clean-up");
    let fact = |code: &str, old: &str, new: &str| ProposalFact {
        file: file(NOTE),
        code: code.to_owned(),
        summary: format!("{old} becomes {new}"),
        edits: digest(&edit(old, new)),
        renames: Vec::new(),
        base: digest(text),
        handed_over,
    };
    let fits = WISHES.iter().filter(|(old, _)| text.contains(old));
    let mut proposals: Vec<ProposalFact> = fits.map(|(old, new)| fact("STYLE", old, new)).collect();
    if handed_over {
        proposals.push(fact(HAND_BACK, "clean-up", "review"));
    }
    let spelled = match repair(order, blobs) {
        Ended::Succeeded(finished) => finished,
        other => return other,
    };
    Ended::Succeeded(Finished { proposals, ..spelled })
}

/// A show with a second step that edits notes.
fn two_editors() -> Story {
    Story::new(rules(vec![editing(step("repair")), editing(step("ids"))])).program("repair", mend)
}

fn begun(show: Story, text: &str) -> Story {
    let mut show = show.program("repair", mend).with(NOTE, text).start();
    let wishes = WISHES.into_iter().chain([("clean-up", "review")]);
    show.blobs.extend(wishes.map(|(old, new)| (digest(&edit(old, new)), edit(old, new))));
    show.finish_all().skip();
    show
}

/// Saves the note, and lets everything that follows from it happen but for what waits for quiet.
fn save(show: &mut Story, at: f64, text: &str) {
    show.at(at).save(NOTE, text).at(at + 10.0).finish_all();
}

fn states(show: &Story) -> Vec<(u64, &ProposalState)> {
    show.store.proposals.values().map(|row| (row.id.0, &row.state)).collect()
}

fn handed() -> ProposalState {
    ProposalState::Accepted { by: HAND_OVER.to_owned() }
}

fn published(at: i64) -> ProposalState {
    ProposalState::Published { at: Time(at), by: HAND_OVER.to_owned() }
}

#[test]
fn what_is_proposed_for_a_note_that_is_handed_over_is_made_and_the_note_handed_back_in_one_publish() {
    let mut show = begun(show(), "draft: teh kettle sings");
    assert_eq!(states(&show), [(1, &ProposalState::Open), (2, &ProposalState::Open)]);
    save(&mut show, 10.0, "clean-up: teh kettle sings");
    assert_eq!(states(&show), [(1, &handed()), (2, &handed()), (3, &handed())]);
    show.skip().at(500.0).finish_all();
    assert_eq!(show.text(NOTE), "review: the pot whistles");
    assert_eq!(show.told().matches("rewrite ep/0900/a.md").count(), 1);
    let who = "showctl says who accepted it when it is written";
    assert_eq!(states(&show), [(1, &published(130_000)), (2, &published(130_000)), (3, &published(130_000))], "{who}");
    assert!(!show.has(BALLOT));
    show.ask(Ask::Accept { proposals: vec![ProposalId(1)] });
    assert!(show.told().contains("proposal 1 was accepted by hand-over already and is written"), "{}", show.told());
}

#[test]
fn a_note_that_is_taken_back_to_a_text_that_was_known_has_its_proposals_open_again() {
    let mut show = begun(show(), "draft: a kettle sings");
    save(&mut show, 10.0, "clean-up: a kettle sings");
    assert_eq!(states(&show)[..2], [(1, &handed()), (2, &handed())]);
    // Nothing has to run for this text: what came of it is known.
    save(&mut show, 30.0, "draft: a kettle sings");
    assert_eq!(
        states(&show),
        [(1, &ProposalState::Open), (2, &ProposalState::Open), (3, &ProposalState::Stale)],
        "and nothing is left of handing it back"
    );
    show.at(500.0).finish_all();
    assert_eq!(show.text(NOTE), "draft: a kettle sings");
    assert!(show.text(BALLOT).contains("[ ] 1 ") && show.text(BALLOT).contains("[ ] 2 "), "{}", show.text(BALLOT));

    // And once more, to the text that was handed over before.
    save(&mut show, 600.0, "clean-up: a kettle sings");
    show.at(900.0).finish_all();
    assert_eq!(show.text(NOTE), "review: a pot whistles");
}

#[test]
fn what_the_hand_over_accepted_is_not_written_into_a_text_that_nobody_has_looked_at() {
    let mut show = begun(two_editors(), "draft: a kettle");
    save(&mut show, 10.0, "clean-up: a kettle");
    assert_eq!(states(&show), [(1, &handed()), (2, &handed())]);
    // Of what is written now the step knows nothing, for it fails.
    show.at(30.0).save(NOTE, "clean-up: a kettle and more").at(40.0);
    show.finish("ids").fail("repair", "no").at(60.0).fail("repair", "no").at(500.0).finish_all();
    assert_eq!(show.text(NOTE), "clean-up: a kettle and more");
}

#[test]
fn a_note_is_not_handed_back_while_a_step_that_edits_it_has_failed() {
    let mut show = begun(two_editors(), "draft: teh kettle");
    show.at(10.0).save(NOTE, "clean-up: teh kettle").at(20.0).finish("repair");
    show.fail("ids", "no ids today").at(30.0).fail("ids", "no ids today").at(500.0).finish("repair");
    show.fail("ids", "none again").at(505.0).fail("ids", "none again").at(900.0).finish_all();
    assert_eq!(show.text(NOTE), "clean-up: the pot", "what could be done is done");
    let plan = show.plan("ep/0900/");
    let why = "blocked: ep/0900/a.md is not handed back: needs ids, which did not succeed";
    assert!(plan.contains(why), "{plan}");
    show.restart().at(1000.0).finish_all();
    assert_eq!(show.text(NOTE), "clean-up: the pot");
    show.ask(Ask::RequeueFailed { subjects: vec![], over: vec![], force: false }).finish_all();
    show.at(1500.0).finish_all();
    assert_eq!(show.text(NOTE), "review: the pot");
}

#[test]
fn what_the_loss_guard_refuses_is_asked_for_and_the_note_comes_back_when_that_is_answered() {
    let mut show = begun(show(), "draft: a kettle with a lid");
    save(&mut show, 10.0, "clean-up: a kettle with a lid");
    show.at(500.0).finish_all().at(900.0).finish_all();
    assert_eq!(show.text(NOTE), "clean-up: a pot with a lid", "everything else is made");
    let plan = show.plan("ep/0900/");
    let why = "is not handed back: proposal 2 waits for a person: lid becomes undefined (accepted once and not written: \
               the text would be undefined)";
    assert!(plan.contains(why), "{plan}");
    assert!(show.text(BALLOT).contains("not written: the text would be undefined"), "{}", show.text(BALLOT));
    // Nor does a person get it through, or who ticked it before it was refused.
    show.skip().ask(Ask::Accept { proposals: vec![ProposalId(2)] }).at(1300.0).finish_all();
    assert_eq!(show.text(NOTE), "clean-up: a pot with a lid");
    let told = show.told();
    assert_eq!(told.matches("proposal.refused").count(), 1, "{told}");
    assert!(!told.contains("rewrite ep/0900/a.md"), "{told}");
    show.ask(Ask::Reject { proposals: vec![ProposalId(2)] }).finish_all().at(1700.0).finish_all();
    assert_eq!(show.text(NOTE), "review: a pot with a lid");
    show.skip().restart().at(2000.0).finish_all();
    assert_eq!(show.told(), "1700.0s  restart");
}

#[test]
fn a_note_may_be_handed_over_again_and_again_but_not_by_a_program() {
    let mut show = begun(show(), "draft: a kettle sings");
    let mut texts = Vec::new();
    // Who undoes it each time is no person by then.
    for turn in 0..9 {
        save(&mut show, 1000.0 + 300.0 * f64::from(turn), "clean-up: a pot whistles");
        show.at(1290.0 + 300.0 * f64::from(turn)).finish_all();
        texts.push(show.text(NOTE).split_once(':').map_or("", |(status, _)| status).to_owned());
    }
    let back = texts.iter().filter(|status| *status == "review").count();
    assert_eq!((back, texts[..3].iter().all(|status| status == "review")), (7, true), "{texts:?}");
    assert!(show.plan("ep/0900/").contains("somebody undid what showd wrote"), "{}", show.plan("ep/0900/"));
}

#[test]
fn what_a_person_rejected_stays_so_when_the_note_is_handed_over_and_what_they_accepted_is_theirs() {
    let mut show = begun(show(), "draft: a kettle sings");
    show.ask(Ask::Reject { proposals: vec![ProposalId(2)] });
    show.at(5.0).save(NOTE, "draft: a kettle sings!").at(9.0).finish_all();
    show.ask(Ask::Accept { proposals: vec![ProposalId(1)] });
    save(&mut show, 10.0, "clean-up: a kettle sings");
    show.at(500.0).finish_all();
    assert_eq!(show.text(NOTE), "review: a kettle whistles");
    let by = |by: &str| by.to_owned();
    assert_eq!(
        states(&show),
        [
            (1, &ProposalState::Published { at: Time(130_000), by: by("pat") }),
            (2, &ProposalState::Rejected { by: by("pat") }),
            (3, &published(130_000)),
        ]
    );
}

#[test]
fn what_is_mended_by_hand_is_proposed_no_longer() {
    let mut repair = editing(mapping(needs(step("repair"), &["scan"]), "scan.clips", &["trim"]));
    repair.when = "clip.found".to_owned();
    let scan = |order: &Order, blobs: &Blobs| {
        let is_due = read(order, blobs).iter().any(|(_, text)| text.contains("kettle"));
        let fields = [("found".to_owned(), Field::Flag(is_due))].into();
        let clips = vec![Element { id: "a".into(), fields }];
        Ended::Succeeded(Finished { lists: [("clips".to_owned(), clips)].into(), ..Finished::default() })
    };
    let mut show = begun(Story::new(rules(vec![step("scan"), repair])).program("scan", scan), "draft: a kettle");
    assert_eq!(states(&show), [(1, &ProposalState::Open)]);
    save(&mut show, 100.0, "draft: a pot");
    assert_eq!(states(&show), [(1, &ProposalState::Stale)]);
    assert!(!show.has(BALLOT), "{}", show.text(BALLOT));
    save(&mut show, 200.0, "draft: a kettle");
    assert_eq!(states(&show), [(1, &ProposalState::Open)], "put back, it is what it was");
}

#[test]
fn what_was_accepted_and_stands_there_already_waits_for_nothing() {
    let mut show = begun(show(), "draft: a kettle sings");
    save(&mut show, 10.0, "draft: a kettle sings.");
    show.ask(Ask::Accept { proposals: vec![ProposalId(1)] });
    save(&mut show, 30.0, "draft: a kettle whistles");
    assert_eq!(states(&show), [(1, &ProposalState::Stale), (2, &ProposalState::Open)]);
}

#[test]
fn a_text_with_a_proposal_in_it_is_looked_at_anew_by_the_step_that_made_it() {
    let mut show = begun(show(), "draft: teh kettle sings");
    show.ask(Ask::Accept { proposals: vec![ProposalId(1)] }).at(500.0).finish("scan");
    assert_eq!(show.text(NOTE), "draft: the kettle whistles");
    show.finish("repair").finish_all().skip().at(900.0).finish_all();
    assert_eq!(show.told(), "nothing");
}
