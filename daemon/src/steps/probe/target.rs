//! What the playout takes as it is (specification 7.3), and what it cannot take at all (7.2 #1).

use super::Media;

const BYTES_MAX: u64 = 10_000_000_000;
const SIDE_MIN: u64 = 100;
const WIDTH_MAX: u64 = 7_680;
const HEIGHT_MAX: u64 = 4_320;
const TARGET_WIDTH_MAX: u64 = 1_920;
const TARGET_RATE: &str = "30000/1001";
/// An hour, and a second at least, after trimming; a longer file is fine when it will be trimmed.
const DURATION_MS_MIN: u64 = 1_000;

/// Why a clip cannot be used, each a sentence.
pub fn problems(media: &Media) -> Vec<String> {
    let mut found = Vec::new();
    if media.bytes > BYTES_MAX {
        found.push(format!("{:.1} GB is more than 10 GB", media.bytes as f64 / 1e9));
    }
    if media.has_video && media.width > 0 && media.height > 0 {
        let (width, height) = (media.width, media.height);
        if width < SIDE_MIN || height < SIDE_MIN || width > WIDTH_MAX || height > HEIGHT_MAX {
            found.push(format!("{width}x{height} is not between 100x100 and 7680x4320"));
        }
    }
    if media.duration_ms > 0 && media.duration_ms < DURATION_MS_MIN {
        found.push(format!("{} ms is shorter than a second", media.duration_ms));
    }
    found
}

/// Why a clip must be encoded before it goes on air, each a few words; none: it is as it should be. `is_silent`: the
/// host speaks over it. `starts_fast`: the index stands at its beginning.
pub fn off_target(media: &Media, is_silent: bool, starts_fast: bool) -> Vec<String> {
    let mut why = Vec::new();
    let mut want = |is_so: bool, otherwise: String| {
        if !is_so {
            why.push(otherwise);
        }
    };
    if !media.has_video {
        return Vec::new();
    }
    want(media.container.split(',').any(|name| name == "mp4"), format!("container {}, not mp4", media.container));
    want(starts_fast, "its index is not at its beginning".to_owned());
    want(media.video_codec == "h264", format!("codec {}, not h264", media.video_codec));
    want(media.pixel_format == "yuv420p", format!("pixels {}, not yuv420p", media.pixel_format));
    want(media.rate == TARGET_RATE, format!("{} frames a second, not 29.97", media.framerate));
    let is_even = media.width.is_multiple_of(2) && media.height.is_multiple_of(2);
    want(media.width <= TARGET_WIDTH_MAX && is_even, format!("size {}", media.resolution()));
    want(media.rotation == 0, format!("turned by {} degrees", media.rotation));
    if !is_silent {
        let is_right = media.audio_codec == "aac" && media.sample_rate == 48_000 && media.audio_channels == 2;
        let sound = format!("{} {} at {} Hz", media.audio_codec, media.audio_layout, media.sample_rate);
        let sound = if media.has_audio { format!("sound {sound}") } else { "no sound".to_owned() };
        want(is_right, format!("{sound}, not aac stereo at 48000 Hz"));
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    fn perfect() -> Media {
        Media {
            bytes: 1_000_000,
            container: "mov,mp4,m4a".into(),
            duration_ms: 12_000,
            has_video: true,
            video_codec: "h264".into(),
            pixel_format: "yuv420p".into(),
            width: 1_920,
            height: 1_080,
            rate: TARGET_RATE.into(),
            framerate: "29.97".into(),
            has_audio: true,
            audio_codec: "aac".into(),
            audio_channels: 2,
            audio_layout: "stereo".into(),
            sample_rate: 48_000,
            ..Media::default()
        }
    }

    #[test]
    fn what_is_as_it_should_be_is_not_encoded_again() {
        assert_eq!(off_target(&perfect(), false, true), [""; 0]);
        let silent = Media { has_audio: false, audio_codec: String::new(), ..perfect() };
        assert_eq!(off_target(&silent, true, true), [""; 0], "the host speaks over a VO");
    }

    #[test]
    fn everything_else_says_why() {
        let cases = [
            (Media { container: "matroska,webm".into(), ..perfect() }, "container matroska,webm, not mp4"),
            (Media { video_codec: "prores".into(), ..perfect() }, "codec prores, not h264"),
            (Media { rate: "25".into(), framerate: "25.00".into(), ..perfect() }, "25.00 frames a second, not 29.97"),
            (Media { width: 1_280, height: 533, ..perfect() }, "size 1280x533"),
            (
                Media { has_audio: false, audio_codec: String::new(), ..perfect() },
                "no sound, not aac stereo at 48000 Hz",
            ),
        ];
        for (media, why) in cases {
            assert_eq!(off_target(&media, false, true), [why]);
        }
        assert_eq!(off_target(&perfect(), false, false), ["its index is not at its beginning"]);
    }

    #[test]
    fn what_cannot_be_used_at_all_is_a_problem() {
        assert_eq!(problems(&perfect()), [""; 0]);
        let tiny = Media { width: 64, height: 64, bytes: 12_000_000_000, duration_ms: 40, ..perfect() };
        assert_eq!(problems(&tiny).len(), 3);
    }
}
