//! What is wrong in a configuration file: where, under which key, and what to do about it.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// One mistake. Printed as `FILE:LINE: KEY: what` and a hint with the next move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// From 1; 0 when the mistake has no line, as with a file that cannot be read.
    pub line: usize,
    /// As written in TOML, such as `pipeline.show-build.step.probe.needs`; empty for the file as a whole.
    pub key: String,
    pub what: String,
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.what)?;
        if !self.hint.is_empty() {
            write!(f, "\n  hint: {}", self.hint)?;
        }
        Ok(())
    }
}

/// Every mistake found, so that a person mends them all in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// One text being read, and the mistakes found in it so far.
pub struct Source<'a> {
    pub file: &'a str,
    pub text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Source<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: RefCell::default() }
    }

    pub fn report(
        &self,
        span: &Range<usize>,
        key: impl Into<String>,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.problems.borrow_mut().push(Problem {
            file: self.file.to_owned(),
            line: self.line(span.start),
            key: key.into(),
            what: what.into(),
            hint: hint.into(),
        });
    }

    /// Nothing wrong was found so far.
    pub fn is_fine(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    pub fn line(&self, offset: usize) -> usize {
        let upto = &self.text.as_bytes()[..offset.min(self.text.len())];
        1 + upto.split(|byte| *byte == b'\n').count().saturating_sub(1)
    }

    /// In the order of the file.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

/// `did you mean "needs"?`, when one of `known` is near enough to have been meant.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
