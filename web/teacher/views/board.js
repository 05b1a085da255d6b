/**
 * The whole page of a running lesson.
 */
import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { alarmsView } from './alarms.js';
import { audioView } from './audio.js';
import { endDialog, headView } from './head.js';
import { joinDialog } from './join.js';
import { programView } from './program.js';
import { prompterView } from './prompter.js';
import { inviteDialog, publishView } from './publish.js';
import { scenesView } from './scenes.js';
import { slidesView } from './slides.js';
import { sourcesView } from './sources.js';
import { studentsView } from './students.js';
import { previewView } from './studio.js';
import { removeDialog } from './visitors.js';

/** @param {import('../page.js').Scope} scope */
export function boardView(scope) {
  const { t, state, connected, sentence, actions } = scope;
  return html`
    ${headView(scope)}
    <div class="banner-place" role="status">
      ${
        connected
          ? nothing
          : html`<p class="banner" id="lost"><span class="shape ring" aria-hidden="true"></span><span><strong>${t('control.lost')}</strong> ${t('control.lost_hint')}</span></p>`
      }
    </div>
    ${alarmsView(scope)}
    <main class="board">
      <div class="column wide">
        <div class="screens">${programView(scope)}${previewView(scope)}</div>
        ${prompterView(scope)}${scenesView(scope)}${slidesView(scope)}
      </div>
      <div class="column">${audioView(scope)}${sourcesView(scope)}${publishView(scope)}${studentsView(scope)}</div>
    </main>
    <p class="visually-hidden" role="status">${state.program?.scene ? t('program.on_air', { scene: state.program.scene }) : ''}</p>
    <p class="visually-hidden" role="status">${state.preview ? t('preview.next', { scene: state.preview }) : ''}</p>
    <div id="sentence" class="sentence-place" role="alert">
      ${
        sentence
          ? html`<p class="sentence"><span>${sentence}</span><button type="button" class="small" @click=${actions.hideSentence}>${t('error.close')}</button></p>`
          : nothing
      }
    </div>
    ${joinDialog(scope)}
    ${removeDialog(scope)}
    ${inviteDialog(scope)}
    ${endDialog(scope)}`;
}
