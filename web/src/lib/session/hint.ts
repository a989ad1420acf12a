import { forgetDoor, forgetPastDoors } from '@/lib/kept-door'
import { forgetTickets } from '@/lib/kept-tickets'
import { memberPages, paths } from '@/lib/paths'
import { readStored, store } from '@/lib/storage'

// Whether a session is likely. It is not a secret, only a reason to try the refresh cookie first.
// Without it a page would have to ask the server first, and show the page for guests meanwhile.
const KEY = 'boxoffice.session'

export const hasSessionHint = (): boolean => readStored(KEY) !== null

export function setHint(likely: boolean): void {
  if (likely) forgetPastDoors()
  else {
    forgetTickets()
    forgetDoor()
  }
  store(KEY, likely ? '1' : null)
  document.documentElement.removeAttribute('data-session')
}

const LOGOUT = 'boxoffice.logout'
let isDueHere = false // where storage is disabled

/** Whether a user has signed out here and the server has not been told yet. */
export const isLogoutDue = (): boolean => isDueHere || readStored(LOGOUT) !== null

export function setLogoutDue(due: boolean): void {
  isDueHere = !store(LOGOUT, due ? '1' : null) && due
}

/**
 * Runs in the head of every page, before the first paint. It sends users without a session to the
 * sign-in page, and marks the document while a session is being restored, so that the sign-in form
 * does not flash. A form that is sent before the page's scripts are there waits for them: AuthForm.
 */
export const guardScript = `(function(){try{var d=document.documentElement,l=location,p=l.pathname,
s=localStorage.getItem('${KEY}')!==null;
document.addEventListener('submit',function(e){if(d.dataset.ready===undefined){e.preventDefault();e.target.dataset.sent=''}},true);
if(p==='/'){d.dataset.session='leaving';l.replace(s?'${paths.events}':'${paths.login}')}
else if(s){d.dataset.session='restoring'}
else if(new RegExp(${JSON.stringify(memberPages)}).test(p)){d.dataset.session='leaving';l.replace('${paths.login}?next='+encodeURIComponent(p+l.search))}
}catch(e){}})()`
