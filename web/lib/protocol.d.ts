/**
 * What is said between the pages and the broadcaster.
 *
 * Made of the classes in classroom/ by `make schema`; a change here is overwritten.
 */

/** A teacher's page may make the connection that it asked for. */
export interface Accepted {
  type: 'welcome';
  ice_servers: IceServerEntry[];
}

/** One thing that is wrong now, as the control protocol shows it. */
export interface AlarmEntry {
  /** Names it to programs, such as `ice.no_relay`. */
  code: string;
  /** The source or audio input that it is about. */
  source: string | null;
  /** What is wrong, in English. */
  sentence: string;
  /** What `sentence` is made of; null where it is text of somebody else's. */
  reason: Reason | null;
  /** The control method that may help. */
  method: string | null;
  /** The parameters to call it with. */
  params: Record<string, unknown>;
}

/** An offer is accepted (RFC 3264): the broadcaster's by who watches, and by the broadcaster one of who sends. */
export interface Answer {
  type: 'answer';
  sdp: string;
}

/**
 * One address of the peer (RFC 8839); an empty line means that there are no more.
 *
 * As a message it has the names that browsers give its fields.
 */
export interface Candidate {
  type?: undefined;
  candidate: string;
  sdpMid: string | null;
  sdpMLineIndex: number | null;
}

/** A message as teachers see it. */
export interface ChatEntry {
  id: number;
  /** The number of who wrote it, null for a teacher. */
  student: string | null;
  /** Of the student; empty for a teacher. */
  name: string;
  text: string;
  /** When, ISO 8601. */
  at: string;
  /** Who sees it: the class, or only teachers and who wrote it. */
  to: 'class' | 'teacher';
}

/**
 * A message of the chat: `from` is the name of who wrote it, None where students see only its `number`;
 * `private` says that only teachers and the writer see it.
 */
export interface ChatLine {
  id: number;
  from: string | null;
  number: string | null;
  own: boolean;
  teacher: boolean;
  private: boolean;
  text: string;
  at: string;
}

/** What is new in the chat, at most once a second. */
export interface ChatNews {
  type: 'chat';
  messages: ChatLine[];
  /** The ids of messages that are gone. */
  removed: number[];
  /** The last message of the page that was taken, by its `n`. */
  acknowledged?: number;
  /** The last one that was not: the page writes too fast, or nothing of it can be seen. */
  refused?: number;
  /** Whether the messages are all there are, and replace those that the page has. */
  history?: boolean;
}

/** A student writes: to the class where the lesson allows that, else to the teacher. */
export interface ChatSaid {
  type: 'chat';
  text: string;
  /** A number of the page's own, by which a message that is sent again is not doubled. */
  n: number;
}

/** The notification `chat`: what is new, and the ids of what was removed. */
export interface ChatUpdate {
  revision: number;
  added: ChatEntry[];
  removed: number[];
}

/** How the class is for this student: after each welcome, and when it has changed, at most once a second. */
export interface ClassNews {
  type: 'class';
  hand: HandEntry;
  /** Whether students may raise their hands. */
  floor: boolean;
  /** The student's, by which others know it where they see no names. */
  number: string;
  /** Who sees students' names. */
  names: 'teacher' | 'everyone';
  /** Who writes to the class; students can always write to the teacher. */
  chat: 'everyone' | 'teacher' | 'off';
  /** Whether only teachers see what this student writes. */
  muted: boolean;
}

/** When the time stamps of one stream were: `rtp` was at `at`, and they count `rate` a second. */
export interface ClockLine {
  ssrc: number;
  /** A time stamp of the stream, 32 bits. */
  rtp: number;
  /** When what has it was made, in the seconds that `/clock` tells. */
  at: number;
  rate: number;
}

/** A connection over which a teacher's page was a source has ended. */
export interface Closed {
  type: 'closed';
  why: 'replaced' | 'removed' | 'unusable' | 'failed' | 'ended';
}

/** What the reply to every method has. */
export interface CommandReply {
  /** That of the state, with what the method has changed. */
  revision: number;
}

/** One step of the run of show. */
export interface CueEntry {
  title: string;
  scene: string | null;
  slide: SlideEntry | null;
  /** When it comes, ISO 8601; null for one that waits for the teacher. */
  at: string | null;
  /** `passed` is one that was left out. */
  state: 'done' | 'passed' | 'next' | 'coming';
}

/** The run of show. */
export interface CuesSection {
  /** `held` since the teacher put something on air: cues wait until `cue.next`. */
  mode: 'automatic' | 'held';
  /** The place in the list of the cue that comes next, from 0; null at the end. */
  next: number | null;
  /** Seconds until it comes; null for one that waits for the teacher. */
  left: number | null;
  /** How many wait because the teacher has taken over. */
  due: number;
  list: CueEntry[];
}

/** The teacher has ended the lesson. */
export interface Ended {
  type: 'ended';
}

/** What a page says as a JSON object. */
export type FromPage =
  | Answer
  | Candidate
  | Hello
  | KeyFrameWanted
  | PictureSize
  | RestartWanted
  | IceFault
  | Statistics
  | Hand
  | ChatSaid;

/** The notification `guest`: what a device that sends a source has to know of the lesson now. */
export interface GuestNews {
  /** Whether students can see the source now, or as soon as it sends. */
  on_air: boolean;
  /** Whether the lesson has an input for the sound of the source. */
  sound: boolean;
}

/** The reply to a hello with the key of an invitation. */
export interface GuestWelcome {
  /** Whether students can see the source now, or as soon as it sends. */
  on_air: boolean;
  /** Whether the lesson has an input for the sound of the source. */
  sound: boolean;
  /** The source that the device may send. */
  source: string;
  /** The lesson's. */
  title: string;
  /** The lesson's, such as `en`; null for that of each browser. */
  language: string | null;
  /** Where the page of the device is found by https, the best first. */
  secure_addresses: string[];
}

/** The student raises a hand or lowers it. */
export interface Hand {
  type: 'hand';
  up: boolean;
}

/** The student's own hand. */
export interface HandEntry {
  up: boolean;
  /** Its place in the queue while it is up; the first is 1. */
  place?: number;
  /** How many hands are up. */
  of?: number;
}

/** The peer is our own page and understands our own messages; it may say more, which is not read. */
export interface Hello {
  type: 'hello';
  app: 'classroom';
  version: 1;
  /** The one it was given when it was here before. */
  ticket?: string;
  /** A mark that its browser keeps. */
  device?: string;
  /** What it could send if the teacher asked; null where it does not say. */
  can_send?: SendingDevices | 'insecure' | 'unsupported';
}

/** The page got nothing from any TURN server. */
export interface IceFault {
  type: 'ice-fault';
  /** The server's error (RFC 8656, section 18), 701 where none answered, null when all is well again. */
  code: number | null;
}

/** A STUN or TURN server, as `RTCConfiguration.iceServers` of browsers has it. */
export interface IceServerEntry {
  urls: string[];
  username?: string;
  credential?: string;
}

/** New passwords for the same servers, before the old ones expire. */
export interface IceServersRenewed {
  type: 'ice_servers';
  ice_servers: IceServerEntry[];
}

/** How an audio input is set, and how what it comes from is. */
export interface InputEntry {
  /** Decibels. */
  gain: number;
  muted: boolean;
  /** Milliseconds by which it is heard later. */
  delay: number;
  /** Decibels by which it is quieter while somebody speaks into a microphone. */
  duck: number;
  /** `on-air`: only while its source is. */
  heard: 'on-air' | 'always';
  /** As in the lesson file: `microphone`, `computer`, `tone` or `source`. */
  kind: string;
  /** The source whose sound it is. */
  source: string | null;
  state: 'starting' | 'live' | 'lost' | 'failed';
  /** Why it is muted although the teacher did not mute it, in English. */
  why: string | null;
  /** What `why` is made of. */
  reason: Reason | null;
}

/** The reply to `source.invite`: where the page of the device is found. */
export interface InvitationLink {
  /** The path and the fragment of the link. */
  path: string;
  /** The whole link with https; null where the lesson has no https. */
  address: string | null;
  /** The QR code of `address`, as a data URL of SVG. */
  code: string | null;
}

/** The page has no picture or a broken one. */
export interface KeyFrameWanted {
  type: 'key-frame';
}

/** How late a page shows and plays the lesson, over the last seconds. */
export interface Latency {
  /** Seconds from the making of a picture to the screen; null where no picture is shown. */
  p50: number | null;
  /** Seconds. */
  p95: number | null;
  /** Seconds by which all this may be wrong, because two computers' clocks are compared. */
  clock: number;
  /** From the microphone to the browser's sound output. */
  sound: Quantiles | null;
}

/** What the lesson is, for how long it runs, and where students find it. */
export interface LessonSection {
  title: string;
  /** The language of the pages, such as `en`; null for that of each browser. */
  language: string | null;
  /** When it began, ISO 8601. */
  started: string;
  /** Seconds since then, when this was said. */
  elapsed: number;
  /** Where students find it, the best first. */
  addresses: string[];
  /** The same with https only. */
  secure_addresses: string[];
  /** That of the authority behind https, for those who are asked to trust it. */
  fingerprint: string | null;
  /** In which order scenes, sources and audio inputs are shown. */
  order: NameOrder;
}

/** How loud something was over the last 100 ms, in dBFS; -100 is silence. */
export interface LevelEntry {
  peak: number;
  rms: number;
}

/** The notification `meters`. */
export interface MetersNews {
  /** By audio input; `program` is what students hear. */
  levels: Record<string, LevelEntry>;
}

/** A method of the control protocol. */
export interface MethodEntry {
  name: string;
  help: string;
  parameters: ParameterEntry[];
}

/** The reply to `methods`. */
export interface MethodList {
  methods: MethodEntry[];
}

/** Names in the order of the lesson file: JavaScript sorts those in an object that are numbers to its front. */
export interface NameOrder {
  scenes: string[];
  sources: string[];
  audio: string[];
}

/** The program, to be answered over a new connection that replaces the one before. */
export interface Offer {
  sdp: string;
  type: 'offer';
}

/** A parameter of a method of the control protocol. */
export interface ParameterEntry {
  name: string;
  required: boolean;
  /** Its type as JSON Schema. */
  schema: Record<string, unknown>;
}

/** How large the page shows the picture. */
export interface PictureSize {
  type: 'size';
  /** Pixels of the screen. */
  width: number;
  /** Pixels of the screen. */
  height: number;
}

/** What is on air. */
export interface ProgramSection {
  scene: string;
  /** ISO 8601, with milliseconds. */
  since: string;
  /** The transition to the scene while it is in progress. */
  transition: TransitionEntry | null;
}

/** The middle of some delays, and what 95 of 100 of them do not exceed. */
export interface Quantiles {
  /** Seconds. */
  p50: number;
  /** Seconds. */
  p95: number;
}

/** A sentence within a sentence. */
export interface Quoted {
  sentence: string;
  reason: Reason | null;
}

/** What a sentence is made of, as the control protocol shows it: enough to say it in another language. */
export interface Reason {
  /** Names the sentence to programs, such as `camera.busy`. */
  code: string;
  /** What fills its gaps, by their names. */
  params: Record<string, string | number | Quoted | (string | number | Quoted)[]>;
}

/** The recording of the lesson, which this version cannot make. */
export interface RecordingSection {
  state: 'not available';
  file: null;
  seconds: number;
  bytes: number;
  disk_minutes: null;
}

/** The page is not to come back by itself. */
export interface Refused {
  type: 'refused';
  why: 'full' | 'closed' | 'teacher' | 'removed' | 'banned' | 'replaced';
}

/** The reply to each method of the control protocol. */
export interface Replies {
  'hello': CommandReply & (TeacherWelcome | GuestWelcome);
  'methods': CommandReply & MethodList;
  'watch': CommandReply & WatchedNews;
  'program.switch': CommandReply;
  'preview.set': CommandReply;
  'program.take': CommandReply;
  'cue.next': CommandReply;
  'audio.set': CommandReply;
  'source.restart': CommandReply;
  'source.invite': CommandReply & InvitationLink;
  'source.uninvite': CommandReply;
  'slides.goto': CommandReply;
  'student.admit': CommandReply;
  'student.remove': CommandReply;
  'student.reconnect': CommandReply;
  'room.set': CommandReply;
  'hand.lower': CommandReply;
  'chat.send': CommandReply;
  'chat.remove': CommandReply;
  'chat.clear': CommandReply;
  'chat.mute': CommandReply;
  'peer.offer': CommandReply & StartedConnection;
  'peer.answer': CommandReply;
  'peer.candidate': CommandReply;
  'peer.key_frame': CommandReply;
  'peer.close': CommandReply;
  'lesson.end': CommandReply;
}

/** The page's connection failed; it wants a new offer. */
export interface RestartWanted {
  type: 'restart';
}

/** What students may do now. */
export interface RoomSection {
  /** Who writes to the class; students can always write to the teacher. */
  chat: 'everyone' | 'teacher' | 'off';
  /** Whether students may ask to speak. */
  floor: boolean;
  /** Who comes in: everyone, or whom the teacher approves. */
  admit: 'everyone' | 'approve';
  /** Whether nobody new comes in; who was here before may come back. */
  closed: boolean;
}

/** A scene as the control protocol shows it. */
export interface SceneEntry {
  layout: 'full' | 'picture-in-picture' | 'side-by-side' | 'grid' | 'custom';
  /** Its sources, the one at the back first. */
  show: string[];
  /** Where the small picture of `picture-in-picture` stands. */
  corner?: 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';
  /** The width of that small picture as a fraction of the program's. */
  size?: number;
  /** Where `custom` puts each source: x, y, width and height as fractions of the program picture. */
  areas?: [number, number, number, number][];
  /** What is laid over everything, in this order. */
  overlays?: string[];
}

/** What a page has, as far as browsers say before anybody allows it. */
export interface SendingDevices {
  microphone: boolean;
  camera: boolean;
}

/** What a page shows and plays. */
export interface Shows {
  /** Pixels of the picture that arrives; 0 without one. */
  width: number;
  /** Pixels. */
  height: number;
  /** Pictures a second. */
  fps: number;
  /** How often the picture stopped since the connection began. */
  freezes: number;
  sound: 'playing' | 'blocked' | 'off';
}

/** A page of slides that a cue turns to. */
export interface SlideEntry {
  source: string;
  /** Counted from 1. */
  page: number;
}

/** How a picture source is. */
export interface SourceEntry {
  /** As in the lesson file, such as `camera`. */
  kind: string;
  state: 'starting' | 'live' | 'lost' | 'failed';
  /** Why it is not live, in English. */
  why: string | null;
  /** What `why` is made of; null where it is text of somebody else's. */
  reason: Reason | null;
  /** Width and height in pixels, while it delivers pictures. */
  size: [number, number] | null;
  /** Pictures a second, measured; null for a still. */
  fps: number | null;
  /** The page of slides that is shown, from 1. */
  page?: number;
  /** How many pages the slides have; null until that is known. */
  pages?: number | null;
}

/** A source on air that has no picture now. */
export interface StandInEntry {
  /** The source that is meant. */
  source: string;
  /** The source that is shown instead; null is a card that says that it will be back. */
  stand_in: string | null;
}

/** What is missing in the picture, and what is shown instead; an empty list when nothing is missing any more. */
export interface StandIns {
  type: 'stand-ins';
  sources: StandInEntry[];
}

/** The reply to `peer.offer`. */
export interface StartedConnection {
  /** The name of the connection. */
  peer: string;
}

/** The sections of the lesson's state that every teacher is told. */
export interface State {
  program: ProgramSection;
  preview: string | null;
  scenes: Record<string, SceneEntry>;
  cues: CuesSection;
  audio: Record<string, InputEntry>;
  sources: Record<string, SourceEntry>;
  alarms: AlarmEntry[];
  students: Record<string, StudentEntry>;
  room: RoomSection;
  chat: ChatEntry[];
  stand_ins: Record<string, string | null>;
  lesson: LessonSection;
  recording: RecordingSection;
}

/** What the page measures; it may say more, which is not read. */
export interface Statistics {
  type: 'statistics';
  /** Null where the page does not know. */
  latency: Latency | null;
  shows: Shows | null;
}

/** A student as the control protocol shows them. */
export interface StudentEntry {
  name: string;
  /** When, ISO 8601. */
  joined: string;
  state: 'waiting' | 'watching' | 'gone';
  /** Whether they may watch; one who may not waits for the teacher. */
  admitted: boolean;
  /** Whether their network lets no picture through. */
  blocked: boolean;
  /** True while only teachers see what they write in the chat, else not there. */
  chat_muted?: boolean;
  /** Whether they raise a hand. */
  hand: boolean;
  /** When the hand went up, ISO 8601; hands are in this order. One who is gone keeps a place for a minute. */
  raised: string | null;
  /** The size of the picture that is sent, such as `full`. */
  tier: string | null;
  codec: 'h264' | 'vp8' | null;
  /** Seconds from here to the browser and back. */
  round_trip: number | null;
  /** The share of packets that get lost, from 0 to 1. */
  loss: number | null;
  /** What they could send if they were asked, or why they cannot; null where their client does not say. */
  can_send: SendingDevices | 'insecure' | 'unsupported' | null;
  /** Whether their network carries no picture as large as their page could show. */
  small: boolean;
  /** How late the lesson is with them, as their page measures it; null until it reports. */
  latency: Latency | null;
  /** What their page shows and plays; null until it reports. */
  shows: Shows | null;
}

/** The reply to a hello with the teacher's token. */
export interface TeacherWelcome {
  state: State;
}

/** The notification `thumbnail`: a small picture of a source. */
export interface ThumbnailNews {
  /** Null is the program. */
  source: string | null;
  /** The picture in base64. */
  jpeg: string;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
}

/** By it a page measures how late it shows and plays the connection that its last offer began. */
export interface TimeLines {
  type: 'clock';
  /** Null before the first picture was sent. */
  picture: ClockLine | null;
  /** Null before the first sound was sent. */
  sound: ClockLine | null;
}

/** What a student's page is told through the signaling. */
export type ToPage =
  | Offer
  | Welcome
  | Waiting
  | IceServersRenewed
  | TimeLines
  | StandIns
  | ClassNews
  | ChatNews
  | Ended
  | Refused;

/** What a teacher's page is told about a connection of its own, in the notification `peer`. */
export type ToTeacher =
  | Accepted
  | Offer
  | Answer
  | IceServersRenewed
  | Ended
  | Closed;

/** A transition that is in progress: from which scene, and how many seconds it takes. */
export interface TransitionEntry {
  kind: 'cut' | 'fade';
  from: string;
  duration: number;
}

/** The answer to hello where the teacher has to let the page in; a welcome follows then. */
export interface Waiting {
  type: 'waiting';
  version: 1;
  /** The lesson's. */
  title: string;
  /** The lesson's, such as `en`; null for that of each browser. */
  language: string | null;
  /** With it in its next hello the page keeps its place. */
  ticket?: string;
}

/** The reply to `watch`: which notifications the connection gets now. */
export interface WatchedNews {
  meters: boolean;
  thumbnails: boolean;
}

/** The answer to hello: the page may watch. */
export interface Welcome {
  type: 'welcome';
  version: 1;
  /** The lesson's. */
  title: string;
  /** The lesson's, such as `en`; null for that of each browser. */
  language: string | null;
  /** With it in its next hello the page keeps its place. */
  ticket?: string;
  ice_servers: IceServerEntry[];
}
