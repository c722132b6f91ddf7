import { carryCommands } from './commands';
import { Screen } from './screen';
import { Session } from './session';
import { createStream } from './stream';
import { socketUrl, takeToken } from './token';

const token = takeToken();
// A new link for the same machine differs in its fragment alone, for which a browser does not load the page anew.
addEventListener('hashchange', () => location.reload());

const screen = new Screen();
const stream = createStream(screen.video, () => socketUrl(token));
carryCommands(
    {
        send: (command) => stream.emitUIInteraction(command),
        onReply: (() => {
            let listeners = 0;
            return (listener) => stream.addResponseEventListener(`page-${listeners++}`, listener);
        })(),
    },
    screen,
);
new Session(stream, screen, token).start();
