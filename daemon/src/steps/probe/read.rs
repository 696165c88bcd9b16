//! ffprobe's JSON, read leniently: numbers come as texts, texts as numbers, and anything may be missing.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use show_script::duration::Duration;
use std::cmp::Ordering;

/// A media file as the first of its video and audio streams are; 0 and empty where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Media {
    pub bytes: u64,
    /// Names that fit: `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: String,
    pub duration_ms: u64,
    pub has_video: bool,
    pub video_codec: String,
    pub pixel_format: String,
    /// As stored, before rotation.
    pub width: u64,
    pub height: u64,
    /// Degrees, a multiple of 90 from 0 to 270.
    pub rotation: u64,
    /// `landscape`, `portrait` or `square`, as it is shown.
    pub orientation: String,
    /// As a fraction: `30000/1001`.
    pub rate: String,
    /// Two decimals: `29.97`.
    pub framerate: String,
    pub video_bit_rate: u64,
    pub has_audio: bool,
    pub audio_codec: String,
    pub audio_channels: u64,
    pub audio_layout: String,
    /// Hertz.
    pub sample_rate: u64,
}

/// What ffprobe's answer says.
///
/// # Errors
/// When it is no JSON object, or there is neither picture nor sound in the file.
pub fn read(answer: &[u8], bytes: u64) -> Result<Media, String> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| "ffprobe's answer cannot be read".to_owned())?;
    let streams = answer.get("streams").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let first = |kind: &str| streams.iter().find(|stream| text(stream, "codec_type") == kind && !is_cover(stream));
    let (video, audio) = (first("video"), first("audio"));
    if video.is_none() && audio.is_none() {
        return Err("there is neither picture nor sound in it".to_owned());
    }
    let format = answer.get("format").unwrap_or(&Value::Null);
    let lengths = [Some(format), video, audio];
    let duration_ms = lengths.into_iter().flatten().find_map(|part| milliseconds(&text(part, "duration")));
    let mut media = Media {
        bytes,
        container: text(format, "format_name"),
        duration_ms: duration_ms.unwrap_or_default(),
        ..Media::default()
    };
    if let Some(video) = video {
        read_video(video, &mut media);
    }
    if let Some(audio) = audio {
        media.has_audio = true;
        media.audio_codec = text(audio, "codec_name");
        media.audio_channels = number(audio, "channels");
        media.sample_rate = number(audio, "sample_rate");
        media.audio_layout = match (text(audio, "channel_layout"), media.audio_channels) {
            (layout, _) if !layout.is_empty() => layout,
            (_, 1) => "mono".to_owned(),
            (_, 2) => "stereo".to_owned(),
            _ => String::new(),
        };
    }
    Ok(media)
}

fn read_video(video: &Value, media: &mut Media) {
    media.has_video = true;
    media.video_codec = text(video, "codec_name");
    media.pixel_format = text(video, "pix_fmt");
    media.width = number(video, "width");
    media.height = number(video, "height");
    media.video_bit_rate = number(video, "bit_rate");
    media.rotation = rotation(video);
    let (wide, high) =
        if media.rotation.is_multiple_of(180) { (media.width, media.height) } else { (media.height, media.width) };
    let orientation = match wide.cmp(&high) {
        _ if wide == 0 || high == 0 => "",
        Ordering::Greater => "landscape",
        Ordering::Less => "portrait",
        Ordering::Equal => "square",
    };
    orientation.clone_into(&mut media.orientation);
    let rates = ["r_frame_rate", "avg_frame_rate"];
    if let Some((over, under)) = rates.into_iter().find_map(|name| fraction(&text(video, name))) {
        media.rate = if under == 1 { over.to_string() } else { format!("{over}/{under}") };
        media.framerate = decimals(over, under);
    }
}

impl Media {
    /// `1920x1080`, or empty.
    pub fn resolution(&self) -> String {
        if self.width > 0 && self.height > 0 { format!("{}x{}", self.width, self.height) } else { String::new() }
    }

    pub fn duration(&self) -> Duration {
        Duration::from_ms(self.duration_ms)
    }

    /// What belongs into a cue beside its length (specification 7.1 #1), as far as it is known.
    pub fn looks(&self) -> Vec<(&'static str, String)> {
        let known = |number: u64| if number > 0 { number.to_string() } else { String::new() };
        let fields = [
            ("Resolution", self.resolution()),
            ("Framerate", self.framerate.clone()),
            ("Orientation", self.orientation.clone()),
            ("AudioChannels", known(self.audio_channels)),
            ("AudioLayout", self.audio_layout.clone()),
            ("SampleRate", known(self.sample_rate)),
        ];
        fields.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// For people.
    pub fn line(&self) -> String {
        let mut parts = Vec::new();
        if self.duration_ms > 0 {
            parts.push(self.duration().written());
        }
        if self.has_video {
            let rate = if self.framerate.is_empty() { String::new() } else { format!(" at {}", self.framerate) };
            parts.push(format!("{} {}{rate}", self.video_codec, self.resolution()));
        }
        if self.has_audio {
            parts.push(format!("{} {}", self.audio_codec, self.audio_layout).trim().to_owned());
        } else {
            parts.push("no sound".to_owned());
        }
        parts.join(", ")
    }
}

/// The picture on the cover of a song is no film.
fn is_cover(stream: &Value) -> bool {
    stream.get("disposition").is_some_and(|it| number(it, "attached_pic") == 1)
}

fn rotation(video: &Value) -> u64 {
    let sides = video.get("side_data_list").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let side = sides.iter().find_map(|side| signed(&text(side, "rotation")));
    let tag = || signed(&text(video.get("tags")?, "rotate"));
    let degrees = side.or_else(tag).unwrap_or_default().rem_euclid(360) as u64;
    (degrees + 45) / 90 % 4 * 90
}

fn text(part: &Value, name: &str) -> String {
    match part.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn number(part: &Value, name: &str) -> u64 {
    text(part, name).parse().unwrap_or_default()
}

fn signed(text: &str) -> Option<i64> {
    text.parse::<f64>().ok().filter(|degrees| degrees.abs() < 1e6).map(|degrees| degrees.round() as i64)
}

/// Exactly, as far as milliseconds go; `N/A` and its kind are nothing.
fn milliseconds(seconds: &str) -> Option<u64> {
    let seconds: f64 = seconds.parse().ok()?;
    (seconds.is_finite() && seconds > 0.0 && seconds < 1e9).then(|| (seconds * 1_000.0).round() as u64)
}

/// A rate that can be one, reduced.
fn fraction(text: &str) -> Option<(u64, u64)> {
    let (over, under) = text.split_once('/').unwrap_or((text, "1"));
    let (over, under): (u64, u64) = (over.trim().parse().ok()?, under.trim().parse().ok()?);
    let divisor = divisor(over, under);
    (over > 0 && under > 0 && over < 1 << 40).then(|| (over / divisor, under / divisor))
}

fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { divisor(b, a % b) }
}

fn decimals(over: u64, under: u64) -> String {
    let hundredths = (over * 100 + under / 2) / under;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(json: &str) -> Media {
        read(json.as_bytes(), 1).expect("reads")
    }

    #[test]
    fn a_clip_reads_as_its_first_streams() {
        let clip = media(
            r#"{"streams":[
                {"codec_type":"video","codec_name":"mjpeg","width":600,"height":600,"disposition":{"attached_pic":1}},
                {"codec_type":"video","codec_name":"h264","pix_fmt":"yuv420p","width":1920,"height":1080,
                 "r_frame_rate":"30000/1001","bit_rate":"8000000"},
                {"codec_type":"audio","codec_name":"aac","channels":2,"channel_layout":"stereo","sample_rate":"48000"}],
               "format":{"format_name":"mov,mp4","duration":"12.345000"}}"#,
        );
        assert_eq!(clip.line(), "00:00:12, h264 1920x1080 at 29.97, aac stereo");
        let fields = clip.looks();
        let field = |name: &str| fields.iter().find(|(it, _)| *it == name).map(|(_, value)| value.as_str());
        assert_eq!(field("Orientation"), Some("landscape"));
        assert_eq!(field("SampleRate"), Some("48000"));
        assert_eq!(clip.duration_ms, 12_345);
    }

    #[test]
    fn a_phone_held_upright_is_portrait_whichever_way_it_says_so() {
        let upright =
            |how: &str| media(&format!(r#"{{"streams":[{{"codec_type":"video","width":1920,"height":1080,{how}}}]}}"#));
        let sides = r#""side_data_list":[{"side_data_type":"Display Matrix","rotation":-90}]"#;
        for how in [sides, r#""tags":{"rotate":"90"}"#, r#""side_data_list":[{"rotation":"270.0"}]"#] {
            assert_eq!(upright(how).orientation, "portrait", "{how}");
        }
        assert_eq!(upright(r#""tags":{"rotate":"180"}"#).orientation, "landscape");
    }

    #[test]
    fn nonsense_is_nothing() {
        let odd = media(
            r#"{"streams":[{"codec_type":"video","width":"wide","height":-4,"r_frame_rate":"0/0","avg_frame_rate":"25/1",
                "side_data_list":{"a":1},"tags":[],"disposition":7},7,null],"format":{"duration":"N/A"}}"#,
        );
        assert_eq!((odd.width, odd.height, odd.duration_ms), (0, 0, 0));
        assert_eq!((odd.rate.as_str(), odd.framerate.as_str()), ("25", "25.00"));
        assert!(read(b"[]", 1).is_err());
        assert!(read(b"{\"streams\":[{\"codec_type\":\"subtitle\"}]}", 1).is_err());
        assert!(read(b"not json", 1).is_err());
        let huge = format!(r#"{{"streams":[{{"codec_type":"audio","channels":{0},"duration":{0}}}]}}"#, "9".repeat(40));
        assert_eq!(media(&huge).audio_channels, 0);
    }
}
