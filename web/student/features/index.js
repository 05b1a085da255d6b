/**
 * All features of the student page, in the order in which the frame tells them what happens. The stage comes before the
 * sound, which plays what the stage has put into the video.
 */
import { Chat } from './chat.js';
import { Details } from './details.js';
import { FullScreen } from './full_screen.js';
import { Hand } from './hand.js';
import { PictureSize } from './picture_size.js';
import { Report } from './report.js';
import { Sound } from './sound.js';
import { Stage } from './stage.js';
import { StandIns } from './stand_ins.js';
import { Title } from './title.js';
import { WakeLock } from './wake_lock.js';

/** @type {readonly import('../feature.d.ts').FeatureClass[]} */
export const FEATURES = [Stage, StandIns, Sound, PictureSize, FullScreen, Hand, Chat, Details, WakeLock, Title, Report];
