//! Small things that several rooms say the same way.

/// An error and all its sources, on one line.
pub fn because(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors say their source in their own text.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// The number of an episode's folder as people say it, at least four digits: `episodes/237/` is `0237`.
pub fn episode_of(subject: &str) -> Option<String> {
    let folder = subject.strip_prefix("episodes/")?.split('/').next()?;
    show_script::episode::number(folder).filter(|_| folder.bytes().all(|byte| byte.is_ascii_digit()))
}
