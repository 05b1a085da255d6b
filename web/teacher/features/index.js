/**
 * All features of the teacher page. Their places decide the order on the page.
 */
import { alarms } from './alarms.js';
import { chat } from './chat.js';
import { clock } from './clock.js';
import { hands } from './hands.js';
import { join } from './join.js';
import { lessonEnd } from './lesson_end.js';
import { meters } from './meters.js';
import { program } from './program.js';
import { publishing } from './publishing.js';
import { reception } from './reception.js';
import { room } from './room.js';
import { runOfShow } from './run_of_show.js';
import { scenes } from './scenes.js';
import { slides } from './slides.js';
import { sound } from './sound.js';
import { sources } from './sources.js';
import { students } from './students.js';
import { thumbnails } from './thumbnails.js';

export const FEATURES = [
  alarms,
  chat,
  clock,
  hands,
  join,
  lessonEnd,
  meters,
  program,
  publishing,
  reception,
  room,
  runOfShow,
  scenes,
  slides,
  sound,
  sources,
  students,
  thumbnails,
];
